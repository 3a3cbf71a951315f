"""What containers of LXC need around them, so that others reach what is inside."""
