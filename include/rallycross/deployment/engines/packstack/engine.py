"""The engine `packstack`: OpenStack from RDO's packages, deployed by Packstack on one of the servers."""

import re

from rallycross.deployment.deployers.deployer import CommandDeployer, deployer_option
from rallycross.deployment.engine import ENGINES
from rallycross.deployment.engines.packstack import deployer as packstack
from rallycross.deployment.option import Option, within

ENGINES.add(
    "packstack",
    CommandDeployer(
        kind="Packstack",
        options={
            "release": Option(
                str,
                "caracal",
                "RDO's release of OpenStack, as in centos-release-openstack-RELEASE",
                lambda value: None if re.fullmatch("[a-z0-9.]+", value) else "must be a word in lower case",
            ),
            "answers": Option(
                dict,
                {},
                "answers, as {CONFIG_HEAT_INSTALL: y}; true and false are y and n",
                packstack.complain_of_answers,
            ),
            "timeout": Option(int, 7200, "seconds for packstack", within(60, 86400)),
            **deployer_option(),
        },
        commands=packstack.commands,
        credentials=packstack.credentials,
        units=packstack.UNITS,
        passwords=packstack.PASSWORDS,
        complain=packstack.complain,
    ),
)
