"""heat: stacks."""

from rallycross.cloud.service import Service, TempestService, describe

describe(Service("heat", "orchestration", tempest=TempestService("heat", "heat_plugin", plugin="heat-tempest-plugin")))
