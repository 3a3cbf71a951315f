"""Steps with keystone, a module a kind of resource."""
