"""The provider `lxc`: containers, and the port forwarding and tunnels to reach them from outside."""
