"""octavia: load balancers."""

from rallycross.cloud.service import Service, Tempest, describe

describe(
    Service(
        "octavia", "load-balancer", tempest=Tempest("load_balancer", "load_balancer", plugin="octavia-tempest-plugin")
    )
)
