"""The provider `openstack`, and what it makes in a cloud: how it is found again, and how it goes."""
