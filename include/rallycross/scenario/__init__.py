"""The machinery of scenarios: registry, decorators, users, argument types, rehearsal."""
