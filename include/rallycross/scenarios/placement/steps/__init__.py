"""Steps with placement, a module a kind of resource."""
