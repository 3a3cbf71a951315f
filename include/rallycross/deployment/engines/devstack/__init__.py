"""The engine `devstack`, and what it writes: local.conf, and the scripts of its steps."""
