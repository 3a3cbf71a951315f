"""heat: stacks."""

from rallycross.cloud.service import Service, Tempest, describe

describe(Service("heat", "orchestration", tempest=Tempest("heat", "heat_plugin", plugin="heat-tempest-plugin")))
