"""The provider `virsh`, and what it makes on a libvirt host: definitions of domains and volumes, and scripts."""
