"""The project's own test suite: what its parts are, how they run side by side, what they have told."""
