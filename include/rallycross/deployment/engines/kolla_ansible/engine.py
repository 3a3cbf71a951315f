"""The engine `kolla-ansible`: OpenStack in containers, deployed by Kolla Ansible on one of the servers."""

from rallycross.deployment.deployers.deployer import CommandDeployer, deployer_option
from rallycross.deployment.engine import ENGINES
from rallycross.deployment.engines.kolla_ansible import deployer as kolla
from rallycross.deployment.option import Option, within

ENGINES.add(
    "kolla-ansible",
    CommandDeployer(
        kind="Kolla Ansible",
        options={
            "requirements": Option(
                list,
                ["kolla-ansible==22.2.0", "ansible>=12,<13", "netaddr"],
                "the requirements for pip: a version of Kolla Ansible, and a matching Ansible with its collections",
            ),
            "globals": Option(dict, {}, "Kolla's globals.yml, as {kolla_base_distro: debian}"),
            "passwords": Option(dict, {}, "entries of Kolla's passwords.yml; others are random", secret=True),
            "roles": Option(
                dict,
                {},
                f"by server: a list of {', '.join(kolla.ROLES)}; default: the first has all, the others compute",
                kolla.complain_of_roles,
            ),
            "commands": Option(
                list, list(kolla.USUAL), "Kolla Ansible's commands, in order", kolla.complain_of_commands
            ),
            "tags": Option(list, [], "Kolla's tags: the services that the commands are limited to"),
            "timeout": Option(int, 10800, "seconds for each of pull and deploy", within(60, 86400)),
            "destroy_images": Option(bool, False, "whether destroy also deletes the container images"),
            **deployer_option(),
        },
        commands=kolla.commands,
        credentials=kolla.credentials,
        units=kolla.UNITS,
        passwords=(kolla.ADMIN,),
        secrets=kolla.secrets,
        trace=kolla.TRACE,
        members=kolla.members,
        complain=kolla.complain,
    ),
)
