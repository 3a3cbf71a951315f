"""The services of OpenStack that something is known of: one descriptor each, found by walking."""
