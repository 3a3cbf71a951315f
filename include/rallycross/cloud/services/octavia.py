"""octavia: load balancers."""

from rallycross.cloud.service import Service, TempestService, describe

describe(
    Service(
        "octavia",
        "load-balancer",
        tempest=TempestService("load_balancer", "load_balancer", plugin="octavia-tempest-plugin"),
    )
)
