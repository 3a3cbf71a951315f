"""The engine `openstack-ansible`: OpenStack on hosts or in their containers, by OpenStack-Ansible from one of them."""

from rallycross.deployment.deployers.deployer import CommandDeployer, deployer_option
from rallycross.deployment.engine import ENGINES
from rallycross.deployment.engines.openstack_ansible import deployer as osa
from rallycross.deployment.option import Option, within

ENGINES.add(
    "openstack-ansible",
    CommandDeployer(
        kind="OpenStack-Ansible",
        options={
            "repository": Option(str, "https://opendev.org/openstack/openstack-ansible", "where it is cloned from"),
            "release": Option(str, "stable/2026.1", "its branch or tag"),
            "scenario": Option(str, "aio_metal", "what bootstrap-aio.sh makes of one host"),
            "bootstrap_options": Option(str, "", "BOOTSTRAP_OPTS of bootstrap-aio.sh"),
            "user_config": Option(
                dict, None, "openstack_user_config.yml, in the place of bootstrap-aio.sh's", excludes=("scenario",)
            ),
            "variables": Option(dict, {}, "variables that hold above all others, as those of user_variables.yml"),
            "auth_url": Option(str, None, "where keystone's public endpoint is; default: the internal one"),
            "timeout": Option(int, 14400, "seconds for each playbook", within(60, 86400)),
            **deployer_option(),
        },
        commands=osa.commands,
        credentials=osa.credentials,
        units=osa.UNITS,
        passwords=(osa.ADMIN,),
        trace=osa.TRACE,
        complain=osa.complain,
    ),
)
