"""The provider `openstack`, and how it finds and deletes the resources that it creates in a cloud."""
