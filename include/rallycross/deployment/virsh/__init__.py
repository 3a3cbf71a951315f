"""What the provider `virsh` makes on a libvirt host: the definitions of its domains and volumes, and the scripts."""
