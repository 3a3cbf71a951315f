"""The engine `sunbeam`: Canonical OpenStack from snaps and charms, deployed by Sunbeam."""

import re

from rallycross.deployment.deployers.deployer import CommandDeployer, deployer_option
from rallycross.deployment.engine import ENGINES
from rallycross.deployment.engines.sunbeam import deployer as sunbeam
from rallycross.deployment.option import Option, within

ENGINES.add(
    "sunbeam",
    CommandDeployer(
        kind="Sunbeam",
        options={
            "channel": Option(
                str, None, "the channel of the snap openstack, as 2024.1/stable; default: the snap's own"
            ),
            "manifest": Option(dict, None, "Sunbeam's manifest for the first node"),
            "roles": Option(
                dict,
                {},
                f"by server: a list of {', '.join(sunbeam.ROLES)}; default: the first has all, the others compute",
                sunbeam.complain_of_roles,
            ),
            "user": Option(
                str,
                "sunbeam",
                "the user it runs as; created if missing",
                lambda value: None if re.fullmatch("[a-z_][a-z0-9_-]{0,31}", value) else "must be a user name",
            ),
            "timeout": Option(int, 7200, "seconds for the first node, and for each joining node", within(60, 86400)),
            **deployer_option(),
        },
        commands=sunbeam.commands,
        credentials=sunbeam.credentials,
        units=sunbeam.UNITS,
        secrets=sunbeam.secrets,
        complain=sunbeam.complain,
    ),
)
