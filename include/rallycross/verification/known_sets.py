"""The sets of tests that tempest's verifier knows by name. Imports nothing: a DAG offers them in its form."""

# A set that is a service is all tests below tempest.api.SERVICE.
SERVICES = ("compute", "identity", "image", "network", "object_storage", "volume")
SETS = {
    "quick": "a curated few over identity, image, compute, network and volume, for a first answer within a minute",
    "smoke": "all that tempest itself calls a smoke test",
    "full": "every test that there is, of plugins too",
    **{service: f"the API tests of {service.replace('_', ' ')}" for service in SERVICES},
    "scenario": "what users do, over several services at once",
}
