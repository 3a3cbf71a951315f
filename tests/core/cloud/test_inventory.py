"""Requesting the facts of a cloud."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from small_cloud import SmallCloud

from rallycross.cloud.cloud import Cloud
from rallycross.cloud.facts import NamedResource
from rallycross.cloud.inventory import facts

# What the APIs answer: the last of a path's parts, or the one before it -> the document.
DOCUMENTS: dict[str, dict[str, Any]] = {
    "compute /os-quota-sets/": {"quota_set": {"id": "p", "cores": 20, "ram": 51200}},
    "block-storage /os-quota-sets/": {"quota_set": {"id": "p", "volumes": 10}},
    "network /quotas/": {"quota": {"network": 100}},
    "network /extensions": {"extensions": [{"alias": "qos", "name": "Quality of Service", "links": []}]},
    "network /networks": {
        "networks": [
            {"id": "n1", "name": "public", "router:external": True},
            {"id": "n2", "name": "private", "router:external": False},
        ]
    },
    "block-storage /types": {"volume_types": [{"id": "t1", "name": "lvm"}]},
    "block-storage /os-services": {
        "services": [
            {"binary": "cinder-volume", "host": "a", "state": "up", "status": "enabled"},
            {"binary": "cinder-backup", "host": "a", "state": "down", "status": "enabled"},
        ]
    },
}


class _AskedCloud(SmallCloud):
    """A small cloud that also answers what only an inventory asks."""

    async def _act(self, request: web.Request, service: str, path: str, project: str) -> web.Response:
        for beginning, document in DOCUMENTS.items():
            if f"{service} {path}".startswith(beginning):
                return web.json_response(document)
        return await super()._act(request, service, path, project)


@pytest.fixture(name="asked")
def _asked() -> Iterator[SmallCloud]:
    """Run such a cloud on loopback."""
    with _AskedCloud() as cloud:
        yield cloud


def test_a_cloud_is_asked_for_what_a_task_names(asked: SmallCloud) -> None:
    """Facts have ids, names and details; services that are down and private images are left out."""
    asked.things["images"]["i2"] = {"id": "i2", "name": "mine", "visibility": "private", "status": "active"}
    asked.things["flavors"]["f1"] |= {"ram": 64, "disk": 1, "vcpus": 1}
    found = facts(
        asked.cloud(),
        {"image", "flavor", "network", "external_network", "extension", "volume_type", "cinder_service", "goal"},
    )
    assert found.services == {"identity", "compute", "image", "network", "block-storage"}
    assert found.things == {
        "image": (NamedResource("i1", "cirros"),),
        "flavor": (NamedResource("f1", "m1.nano"),),
        "network": (NamedResource("n1", "public"), NamedResource("n2", "private")),
        "external_network": (NamedResource("n1", "public"),),
        "extension": (NamedResource("qos", "qos"),),
        "volume_type": (NamedResource("t1", "lvm"),),
        "cinder_service": (NamedResource("cinder-volume", "cinder-volume"),),
        "goal": (),  # there is no such service
    }
    assert found.things["flavor"][0].details == {"ram": 64, "disk": 1, "vcpus": 1, "disabled": False}


def test_quotas_come_with_their_defaults(asked: SmallCloud) -> None:
    """The quotas of nova, cinder and neutron are found by name, with the default limits."""
    found = facts(asked.cloud(), {"nova_quota", "cinder_quota", "neutron_quota"})
    limits = {one.id: one.details["limit"] for kind in found.things.values() for one in kind if one.name != "id"}
    assert limits == {"nova.cores": 20, "nova.ram": 51200, "cinder.volumes": 10, "neutron.network": 100}


def test_an_administrator_is_whoever_is_told_what_only_one_is_told(asked: SmallCloud) -> None:
    """Whether the user is an administrator is tested by a request, and only if it matters."""
    assert facts(asked.cloud(), {"administrator"}).administrator
    asked.refuse["GET identity /projects"] = 403
    assert not facts(asked.cloud(), {"administrator"}).administrator
    assert facts(asked.cloud(), set()).administrator


@dataclass(frozen=True)
class _CloudWithUsers(Cloud):
    """A cloud that brings users of its own."""

    users: tuple[Cloud, ...] = ()


def test_a_cloud_may_bring_users(asked: SmallCloud) -> None:
    """Whether the cloud has its own users is one of its facts."""
    cloud = asked.cloud()
    assert not facts(cloud, set()).own_users
    assert facts(_CloudWithUsers(cloud.name, cloud.config, users=(cloud,)), set()).own_users
