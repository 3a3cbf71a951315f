"""Steps with nova, a module a kind of resource."""
