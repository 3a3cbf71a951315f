"""The engine `devstack`: local.conf, and the scripts of its steps."""
