"""magnum: clusters for containers."""

from rallycross.cloud.service import Service, describe

describe(Service("magnum", "container-infrastructure-management"))
