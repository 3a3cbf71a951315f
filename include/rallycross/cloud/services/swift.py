"""swift: objects."""

from rallycross.cloud.service import Service, Tempest, describe

describe(Service("swift", "object-store", tempest=Tempest("swift", "object-storage")))
