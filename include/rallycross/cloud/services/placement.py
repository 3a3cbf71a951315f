"""placement: what is free on which host."""

from rallycross.cloud.service import Service, TempestService, describe

describe(Service("placement", "placement", tempest=TempestService(section="placement", endpoint_suffix="")))
