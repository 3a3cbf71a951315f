"""barbican: secrets."""

from rallycross.cloud.service import Service, TempestService, describe

describe(
    Service(
        "barbican", "key-manager", tempest=TempestService("barbican", "key_manager", plugin="barbican-tempest-plugin")
    )
)
