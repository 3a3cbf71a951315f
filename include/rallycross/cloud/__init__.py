"""One user's view of a cloud."""
