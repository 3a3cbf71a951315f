"""What the engine `devstack` writes: local.conf, and the scripts of its steps. Nothing here touches a host."""
