"""barbican: secrets."""

from rallycross.cloud.service import Service, Tempest, describe

describe(
    Service("barbican", "key-manager", tempest=Tempest("barbican", "key_manager", plugin="barbican-tempest-plugin"))
)
