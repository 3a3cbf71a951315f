"""swift: objects."""

from rallycross.cloud.service import Service, TempestService, describe

describe(Service("swift", "object-store", tempest=TempestService("swift", "object-storage")))
