"""The provider `virsh`: definitions of domains and volumes on a libvirt host, and the scripts of its steps."""
