"""The steps of cinder's scenarios: a module for each kind of resource."""
