"""The engine `openstack-ansible`: OpenStack on hosts or in containers, deployed by OpenStack-Ansible on one of them."""

from rallycross.deployment.deployers.deployer import CommandDeployer, deployer_option
from rallycross.deployment.engine import ENGINES
from rallycross.deployment.engines.openstack_ansible import deployer as osa
from rallycross.deployment.option import Option, within

ENGINES.add(
    "openstack-ansible",
    CommandDeployer(
        kind="OpenStack-Ansible",
        options={
            "repository": Option(str, "https://opendev.org/openstack/openstack-ansible", "its git repository"),
            "release": Option(str, "stable/2026.1", "its branch or tag"),
            "scenario": Option(str, "aio_metal", "SCENARIO of bootstrap-aio.sh"),
            "bootstrap_options": Option(str, "", "BOOTSTRAP_OPTS of bootstrap-aio.sh"),
            "user_config": Option(
                dict, None, "openstack_user_config.yml, instead of bootstrap-aio.sh's", excludes=("scenario",)
            ),
            "variables": Option(dict, {}, "variables that override all others, as in user_variables.yml"),
            "auth_url": Option(str, None, "URL of keystone's public endpoint; default: the internal endpoint"),
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
