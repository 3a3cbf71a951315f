"""The engine `sunbeam`, and the scripts that it runs."""
