"""Finding the cloud resource that a task file names."""

from typing import Any

import pytest

from rallycross.cloud.facts import NamedResource
from rallycross.task.resources import NotFound, find

THINGS = (
    NamedResource("1", "cirros"),
    NamedResource("2", "cirros-alt", {"visibility": "private"}),
    NamedResource("3", "debian"),
    NamedResource("4", "debian"),
)


@pytest.mark.parametrize(
    ("kind", "spec", "found"),
    [
        ("flavor", {"id": "3"}, "3"),
        ("flavor", {"id": 3}, "3"),
        ("flavor", {"name": "cirros"}, "1"),
        ("flavor", {"name": "alt$"}, "2"),
        ("flavor", {"regex": "^cirros-"}, "2"),
        ("image", {"regex": "cirros"}, "2"),
        ("image", {"name": "cirr"}, "2"),
        ("image", {"name": "cirros", "accurate": True}, "1"),
        ("image", {"regex": "cirros", "list_kwargs": {"visibility": "public"}}, "1"),
        ("network", {"name": "debian"}, "3"),
        ("external_network", "debian", "3"),
        ("volume_type", "cirros-alt", "2"),
        ("volume_type", {"name": "alt"}, "2"),
    ],
)
def test_a_thing_is_found_by_rallys_rules(kind: str, spec: dict[str, Any], found: str) -> None:
    """An id or exact name wins; otherwise the name is a pattern, and of several images the last by name is used."""
    assert find(kind, spec, THINGS).id == found


@pytest.mark.parametrize(
    ("kind", "spec", "reason"),
    [
        ("flavor", {"name": "cirr"}, "'cirr' matches 2 flavors: cirros (1), cirros-alt (2)"),
        ("image", {"name": "debian"}, "'debian' matches 2 images: debian (3), debian (4)"),
        ("image", {"regex": "cirros", "accurate": True}, "'cirros' matches 2 images"),
        ("image", {"name": "cirr", "accurate": True}, "there is no image 'cirr'"),
        ("image", {"name": "("}, "'(' is neither the name of any image nor a usable regular expression"),
        ("network", {"name": "cirr"}, "there is no network 'cirr'"),
        ("volume_type", "cirr", "there is no volume type 'cirr'"),
        ("image", {"id": "9"}, "there is no image with the id '9'"),
        ("image", {"list_kwargs": {}}, "has no `id`, `name` or `regex` of the image"),
    ],
)
def test_what_is_not_one_thing_is_told_why(kind: str, spec: dict[str, Any], reason: str) -> None:
    """The error says that nothing was found, or more than one."""
    with pytest.raises(NotFound) as caught:
        find(kind, spec, THINGS)
    assert reason in str(caught.value)


TWINS = (
    NamedResource("1", "twin", {"status": "active"}),
    NamedResource("2", "twin-queued", {"status": "queued"}),
    NamedResource("3", "off", {"status": "deactivated"}),
)


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"regex": "twin.*"}, "1"),
        ({"name": "twin"}, "1"),
        ({"name": "twin-queued", "list_kwargs": {"status": "queued"}}, "2"),
        ({"regex": "twin.*", "list_kwargs": {"status": None}}, "2"),
    ],
)
def test_of_images_those_that_are_active_are_meant(spec: dict[str, Any], found: str) -> None:
    """Only active images are used, unless `list_kwargs` asks for another status, as in Rally."""
    assert find("image", spec, TWINS).id == found


@pytest.mark.parametrize(
    ("kind", "spec", "things", "reason"),
    [
        ("image", {"name": "twin-queued"}, TWINS, "the image 'twin-queued' is queued"),
        ("image", {"id": "3"}, TWINS, "the image 'off' is deactivated"),
        ("image", {"regex": "^off$"}, TWINS, "the image 'off' is deactivated"),
        ("image", {"name": "gone"}, TWINS, "there is no image 'gone'"),
        ("flavor", {"name": "old"}, (NamedResource("1", "old", {"disabled": True}),), "the flavor 'old' is disabled"),
        (
            "volume_type",
            "mine",
            (NamedResource("1", "mine", {"public": False}),),
            "the volume type 'mine' is not public",
        ),
    ],
)
def test_of_what_cannot_be_used_it_is_said_why(
    kind: str, spec: dict[str, Any] | str, things: tuple[NamedResource, ...], reason: str
) -> None:
    """The error has the status of a resource that cannot be used."""
    with pytest.raises(NotFound) as caught:
        find(kind, spec, things)
    assert str(caught.value) == reason
