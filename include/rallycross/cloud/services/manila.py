"""manila: shares."""

from rallycross.cloud.service import Service, TempestService, describe

describe(
    Service("manila", "shared-file-system", tempest=TempestService("manila", "share", plugin="manila-tempest-plugin"))
)
