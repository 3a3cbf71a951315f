"""The vocabulary that scenarios are written in: one file a service, each function a timed action."""
