"""What scenarios are written with: decorators, users, types of arguments; the registry; the rehearsal of a plan."""
