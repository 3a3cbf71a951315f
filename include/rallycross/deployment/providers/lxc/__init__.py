"""The provider `lxc`: containers, and what they need around them, so that others reach what is inside."""
