"""What the provider `openstack` makes in a cloud: how it is found again, and how it goes."""
