"""All scenarios, found by walking this package. Each service has a folder with its scenarios and steps."""
