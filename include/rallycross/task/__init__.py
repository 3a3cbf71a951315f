"""A task file becomes a typed plan, or all complaints about it at once. Pure."""
