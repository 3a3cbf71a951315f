"""The provider `ironic`: reserving nodes, provisioning them, and giving them back."""
