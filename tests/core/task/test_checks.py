"""Holding a task against a cloud."""

from pathlib import Path
from typing import Any

import pytest

from rallycross import catalogue
from rallycross.cloud.facts import CloudFacts, Named
from rallycross.task import check, load
from rallycross.task.checks import kinds, resolve
from rallycross.task.resources import NotFound, find

THINGS = (Named("1", "cirros"), Named("2", "cirros-alt"), Named("3", "debian"), Named("4", "debian"))
ALL = frozenset({"compute", "image", "identity"})
TASK = """\
version: 2
title: T
subtasks:
  - title: one
    scenario:
      NovaServers.boot_and_delete_server:
        image: {name: cirros}
        flavor: {name: m1.nano}
  - title: two
    scenario:
      GlanceImages.create_and_delete_image:
        {container_format: bare, disk_format: raw, image_location: some.raw}
"""


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
    ],
)
def test_a_thing_is_found_by_rallys_rules(kind: str, spec: dict[str, Any], found: str) -> None:
    """An id or an exact name wins; else the name is a pattern, and of several images the last by name is taken."""
    assert find(kind, spec, THINGS) == found


@pytest.mark.parametrize(
    ("kind", "spec", "reason"),
    [
        ("flavor", {"name": "cirr"}, "'cirr' fits 2 flavors: cirros (1), cirros-alt (2)"),
        ("image", {"name": "debian"}, "'debian' fits 2 images: debian (3), debian (4)"),
        ("image", {"regex": "cirros", "accurate": True}, "'cirros' fits 2 images"),
        ("image", {"name": "cirr", "accurate": True}, "there is no image 'cirr'"),
        ("image", {"name": "("}, "'(' is neither the name of any image nor a regular expression"),
        ("image", {"id": "9"}, "there is no image with the id '9'"),
        ("image", {"list_kwargs": {}}, "says neither `id` nor `name` nor `regex` of the image"),
    ],
)
def test_what_is_not_one_thing_is_told_why(kind: str, spec: dict[str, Any], reason: str) -> None:
    """Nothing found, and more than one found where one is meant, have their reasons."""
    with pytest.raises(NotFound) as caught:
        find(kind, spec, THINGS)
    assert reason in str(caught.value)


def test_all_that_a_cloud_lacks_is_told_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing image, flavor, service and file of one task are complaints, all at once, at their lines."""
    monkeypatch.chdir(tmp_path)
    known = catalogue.known()
    task = load(TASK, file=str(tmp_path / "t.yaml"), known=known)
    assert kinds(task, known.scenarios) == {"image", "flavor"}
    facts = CloudFacts("C", ALL - {"image"}, {"image": (Named("1", "debian"),), "flavor": (Named("2", "m1.nan"),)})
    found = [str(complaint).removeprefix(f"{tmp_path}/") for complaint in check(task, facts, known.scenarios)]
    remedy = "name a file by a path from the current folder or from the task file's, or by a URL"
    boot = "subtasks[0].scenario.NovaServers.boot_and_delete_server"
    create = "subtasks[1].scenario.GlanceImages.create_and_delete_image"
    assert found == [
        f"t.yaml:6: {boot}: NovaServers.boot_and_delete_server needs the service 'image', which C has not",
        f"t.yaml:7:9: {boot}.image: there is no image 'cirros' in C - there is: debian",
        f"t.yaml:8:9: {boot}.flavor: there is no flavor 'm1.nano' in C - did you mean m1.nan?",
        f"t.yaml:11: {create}: GlanceImages.create_and_delete_image needs the service 'image', which C has not",
        f"t.yaml:12:52: {create}.image_location: there is no file 'some.raw' - {remedy}",
    ]


def test_names_become_ids_and_whole_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that fits its cloud has no complaints, and its workloads get ids; a file beside the task file is found."""
    folder = tmp_path / "tasks"
    folder.mkdir()
    (folder / "some.raw").write_text("x")
    monkeypatch.chdir(tmp_path)
    known = catalogue.known()
    task = load(TASK, file=str(folder / "t.yaml"), known=known)
    facts = CloudFacts("C", ALL, {"image": (Named("1", "cirros"),), "flavor": (Named("2", "m1.nano"),)})
    assert check(task, facts, known.scenarios) == []
    boot, create = (resolve(one, task, facts, known.scenarios[one.scenario]) for one in task.workloads)
    assert (boot.args["image"], boot.args["flavor"]) == ("1", "2")
    assert create.args["image_location"] == str(folder / "some.raw")
    (tmp_path / "some.raw").write_text("the current folder goes first, as in Rally")
    assert resolve(task.workloads[1], task, facts, known.scenarios[create.scenario]).args["image_location"] == str(
        tmp_path / "some.raw"
    )
