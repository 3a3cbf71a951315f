"""designate: zones and records."""

from rallycross.cloud.service import Service, TempestService, describe

describe(Service("designate", "dns", tempest=TempestService("designate", "dns", plugin="designate-tempest-plugin")))
