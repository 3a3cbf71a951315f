"""The provider `ironic`: which nodes are reserved, and how one comes to run an image and is given back."""
