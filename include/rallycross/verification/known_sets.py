"""The named test sets of tempest's verifier. This module imports nothing, since DAGs offer the sets in their forms."""

# The set of a service has all tests below tempest.api.SERVICE.
SERVICES = ("compute", "identity", "image", "network", "object_storage", "volume")
SETS = {
    "quick": "a few tests of identity, image, compute, network and volume, for a first answer within a minute",
    "smoke": "all tests that tempest marks as smoke tests",
    "full": "all tests, also of plugins",
    **{service: f"the API tests of {service.replace('_', ' ')}" for service in SERVICES},
    "scenario": "user stories across several services",
}
