"""What runs on the cloud's host: put there and run by steps. Standard library, and what the cloud's environment has."""
