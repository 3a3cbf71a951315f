"""placement: what is free on which host."""

from rallycross.cloud.service import Service, Tempest, describe

describe(Service("placement", "placement", tempest=Tempest(section="placement", endpoint_suffix="")))
