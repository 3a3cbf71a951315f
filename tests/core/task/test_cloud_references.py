"""Checking the versions, roles, domains and networks of a task file against a cloud."""

import json
from typing import Any

import pytest
from example_task import ALL

from rallycross import catalogue
from rallycross.cloud.facts import CloudFacts, NamedResource
from rallycross.task import check, load
from rallycross.task.checks import kinds

REFERENCES = {
    "nova_microversion": (NamedResource("nova", "nova", {"min": (2, 1), "max": (2, 104)}),),
    "service_type": (
        NamedResource("compute", "compute"),
        NamedResource("identity", "identity"),
        NamedResource("block-storage", "volumev3"),
    ),
    "service_name": (NamedResource("1", "nova"),),
    "role": (NamedResource("1", "member"), NamedResource("2", "reader")),
    "domain": (NamedResource("default", "Default"),),
}


@pytest.mark.parametrize(
    ("context", "said"),
    [
        (
            {"api_versions": {"nova": {"version": "2.999"}}},
            "api_versions.nova.version: sky has nova's microversions 2.1 to 2.104, not 2.999 - use one of these",
        ),
        ({"api_versions": {"nova": {"version": 2.87}}}, ""),
        ({"api_versions": {"nova": {"version": 2}}}, ""),
        (
            {"api_versions": {"nova": {"service_type": "computes"}}},
            "api_versions.nova.service_type: there is no service type 'computes' in sky - did you mean compute?",
        ),
        *(
            ({"api_versions": {"cinder": {"service_type": kind}}}, "")
            for kind in ("block-storage", "volumev3", "volume", "block-store")
        ),
        ({"api_versions": {"nova": {"service_name": "novum"}}}, "there is no service name 'novum' in sky"),
        ({"roles": ["member", "raeder"]}, "context.roles[1]: there is no role 'raeder' in sky - did you mean reader?"),
        ({"users": {"project_domain": "default", "user_domain": "Default"}}, ""),
        ({"users": {"user_domain": "other"}}, "users.user_domain: there is no domain 'other' in sky"),
    ],
)
def test_versions_roles_domains_and_services_are_held_against_the_cloud(context: dict[str, Any], said: str) -> None:
    """Names and versions in contexts that the cloud does not have are reported before the load."""
    text = json.dumps({"NovaServers.list_servers": [{"context": {"users": {}, **context}}]})
    task = load(text, file="t.yaml", known=catalogue.known())
    known = catalogue.known()
    assert not said or kinds(task, known) & REFERENCES.keys()
    found = [str(one) for one in check(task, CloudFacts("sky", ALL, REFERENCES), known)]
    assert len(found) == bool(said)
    assert not said or said in found[0]


OLD = {
    "nova_microversion": (NamedResource("nova", "nova", {"min": (2, 1), "max": (2, 9)}),),
    "placement_microversion": (NamedResource("placement", "placement", {"min": (1, 7), "max": (1, 19)}),),
}


@pytest.mark.parametrize(
    ("scenario", "args", "said"),
    [
        ("NovaKeypair.create_and_get_keypair", {"key_type": "ssh"}, ""),
        (
            "NovaKeypair.create_and_get_keypair",
            {"user_id": "u"},
            "args.user_id: needs nova's microversion 2.10; sky has 2.1 to 2.9 - leave it out, or choose a cloud with",
        ),
        ("NovaServerGroups.create_and_get_server_group", {"policies": ["anti-affinity"]}, ""),
        (
            "NovaServerGroups.create_and_get_server_group",
            {"policies": ["soft-anti-affinity"]},
            "args.policies: needs nova's microversion 2.15; sky has 2.1 to 2.9",
        ),
        (
            "NovaServerGroups.create_and_get_server_group",
            {"kwargs": {"policies": "soft-affinity"}},
            "args.kwargs.policies: needs nova's microversion 2.15; sky has 2.1 to 2.9",
        ),
        (
            "PlacementResourceProviders.list_resource_providers",
            {},
            "list_resource_providers[0].args: needs placement's microversion 1.20; sky has 1.7 to 1.19 - leave it out",
        ),
        (
            "PlacementTraits.list_traits",
            {},
            "needs placement's microversion 1.6; sky has 1.7 to 1.19 - leave it out, or choose a cloud with an older",
        ),
    ],
)
def test_microversions_that_scenarios_and_arguments_need_are_held_against_the_cloud(
    scenario: str, args: dict[str, Any], said: str
) -> None:
    """A microversion that a scenario, an argument or an option needs, and the cloud does not have, is reported."""
    known = catalogue.known()
    context = {"users": {}} if scenario.startswith("Nova") else {}
    task = load(json.dumps({scenario: [{"args": args, "context": context}]}), file="t.yaml", known=known)
    assert not said or kinds(task, known) & OLD.keys()
    found = [str(one) for one in check(task, CloudFacts("sky", ALL | {"placement"}, OLD), known)]
    assert len(found) == bool(said)
    assert not said or said in found[0]


@pytest.mark.parametrize("nics", [[{"net-id": "N1"}], [{"port-id": "P"}, {"uuid": "N1"}], ["N1"]])
@pytest.mark.parametrize("there", [(NamedResource("N1", "inner"),), (), (NamedResource("N2", "N1"),)])
@pytest.mark.parametrize("where", ["args", "context"])
def test_networks_of_servers_are_held_against_the_cloud(
    nics: list[Any], there: tuple[NamedResource, ...], where: str
) -> None:
    """A network is given by its id; for a name the error has the id."""
    image, flavor = ({"name": "cirros"}, {"name": "m1.nano"})
    if where == "args":
        nics = [{"net-id": one} if isinstance(one, str) else one for one in nics]
        workload = {"args": {"image": image, "flavor": flavor, "nics": nics}, "context": {"users": {}}}
        text = json.dumps({"NovaServers.boot_and_delete_server": [workload]})
    else:
        nics = [one if isinstance(one, str) else next(iter(one.values())) for one in nics]
        context = {"users": {}, "servers": {"image": image, "flavor": flavor, "nics": nics[-1:]}}
        text = json.dumps({"NovaServers.list_servers": [{"context": context}]})
    known = catalogue.known()
    task = load(text, file="t.yaml", known=known)
    assert "network" in kinds(task, known)
    things = {"image": (NamedResource("1", "cirros"),), "flavor": (NamedResource("2", "m1.nano"),), "network": there}
    found = [str(one) for one in check(task, CloudFacts("sky", ALL | {"network"}, things), known)]
    if there and there[0].id == "N1":
        assert not found
        return
    (said,) = found
    assert f"{where}.{'' if where == 'args' else 'servers.'}nics[" in said
    assert "there is no network with the id 'N1' in sky" in said
    assert ("use the id of the network of this name: N2" in said) == bool(there)
