"""designate: zones and records."""

from rallycross.cloud.service import Service, Tempest, describe

describe(Service("designate", "dns", tempest=Tempest("designate", "dns", plugin="designate-tempest-plugin")))
