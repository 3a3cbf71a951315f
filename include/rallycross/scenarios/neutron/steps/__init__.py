"""Steps with neutron, a module a kind of resource."""
