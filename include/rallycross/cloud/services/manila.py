"""manila: shares."""

from rallycross.cloud.service import Service, Tempest, describe

describe(Service("manila", "shared-file-system", tempest=Tempest("manila", "share", plugin="manila-tempest-plugin")))
