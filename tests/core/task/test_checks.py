"""Checking a task against a cloud."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from example_task import ALL, TASK

from rallycross import catalogue
from rallycross.cloud.facts import CloudFacts, NamedResource
from rallycross.scenario.arguments import FileText, FileTexts, Flavor, Image, ImageOptions, VolumeType
from rallycross.scenario.scenario import SCENARIOS, scenario
from rallycross.scenario.user import User
from rallycross.task import check, load
from rallycross.task.checks import check_files, kinds, resolve
from rallycross.task.known import ContextSignature, Known, Needs
from rallycross.task.plan import Task


def test_all_that_a_cloud_lacks_is_told_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing image, flavor, service and file are all reported at once, with their lines."""
    monkeypatch.chdir(tmp_path)
    known = catalogue.known()
    task = load(TASK, file=str(tmp_path / "t.yaml"), known=known)
    assert kinds(task, known) == {"image", "flavor", "administrator"}
    facts = CloudFacts(
        "C", ALL - {"image"}, {"image": (NamedResource("1", "debian"),), "flavor": (NamedResource("2", "m1.nan"),)}
    )
    found = [str(complaint).removeprefix(f"{tmp_path}/") for complaint in check(task, facts, known)]
    remedy = "give a path relative to the current folder or to the task file, or a URL"
    boot = "subtasks[0].scenario.NovaServers.boot_and_delete_server"
    create = "subtasks[1].scenario.GlanceImages.create_and_delete_image"
    assert found == [
        f"t.yaml:6: {boot}: NovaServers.boot_and_delete_server needs the service 'image', which C does not have",
        f"t.yaml:7:9: {boot}.image: there is no image 'cirros' in C - available: debian",
        f"t.yaml:8:9: {boot}.flavor: there is no flavor 'm1.nano' in C - did you mean m1.nan?",
        f"t.yaml:11: {create}: GlanceImages.create_and_delete_image needs the service 'image', which C does not have",
        f"t.yaml:12:52: {create}.image_location: there is no file 'some.raw' - {remedy}",
    ]


def test_names_become_ids_and_whole_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names become ids, and a file next to it is found."""
    folder = tmp_path / "tasks"
    folder.mkdir()
    (folder / "some.raw").write_text("x")
    monkeypatch.chdir(tmp_path)
    known = catalogue.known()
    task = load(TASK, file=str(folder / "t.yaml"), known=known)
    facts = CloudFacts("C", ALL, {"image": (NamedResource("1", "cirros"),), "flavor": (NamedResource("2", "m1.nano"),)})
    assert check(task, facts, known) == []
    boot, create = (resolve(one, task, facts, known) for one in task.workloads)
    assert (boot.args["image"], boot.args["flavor"]) == ("1", "2")
    assert create.args["image_location"] == str(folder / "some.raw")
    (tmp_path / "some.raw").write_text("the current folder goes first, as in Rally")
    assert resolve(task.workloads[1], task, facts, known).args["image_location"] == str(tmp_path / "some.raw")


async def _demanding(user: User, image: Image, flavor: Flavor, volume_type: VolumeType | None = None) -> None:
    """Demand much of a cloud."""


async def _demanding_admin(admin: User, template: FileText, files: FileTexts, options: ImageOptions) -> None:
    """Demand much of this machine."""


@pytest.fixture(name="known")
def _known(monkeypatch: pytest.MonkeyPatch) -> Known:
    """Return two scenarios, and two additional contexts, with the given needs."""
    monkeypatch.setattr(SCENARIOS, "_found", {})
    scenario("T.user", services=["compute"], extensions=["qos"], cinder_services=["cinder-backup"])(_demanding)
    scenario("T.admin", boots_from="volume")(_demanding_admin)
    there = {name: replace(one, validate=lambda _: []) for name, one in catalogue.known().contexts.items()}
    zones = ContextSignature(lambda _: [], Needs(("dns",)))
    shares = ContextSignature(
        lambda _: [], Needs(services_of=lambda config: dict.fromkeys(config, "shared-file-system"))
    )
    return Known(
        {name: one.signature for name, one in SCENARIOS._found.items()},
        {"serial": lambda _: []},
        {**there, "zones": zones, "shares": shares},
        {"failure_rate": lambda _: []},
    )


def plan(known: Known, text: str) -> Task:
    """Read a file with these scenarios and contexts."""
    return load(text, file="t.yaml", known=known)


EVERYTHING = CloudFacts(
    "C",
    frozenset({"compute", "image", "network", "block-storage", "identity"}),
    {
        "image": (NamedResource("i1", "cirros", {"min_ram": 64, "min_disk": 2, "size": 10}),),
        "flavor": (
            NamedResource("f1", "tiny", {"ram": 64, "disk": 2}),
            NamedResource("f2", "dust", {"ram": 32, "disk": 1}),
        ),
        "volume_type": (NamedResource("v1", "lvm"),),
        "extension": (NamedResource("qos", "qos"),),
        "cinder_service": (NamedResource("cinder-backup", "cinder-backup"),),
        "nova_quota": (NamedResource("nova.cores", "cores"), NamedResource("nova.ram", "ram")),
    },
)
V1 = """\
T.user:
- args:
    image: {name: %s}
    flavor: {name: %s}
    volume_type: %s
  context: %s
"""


def v1(image: str = "cirros", flavor: str = "tiny", volume_type: str = "lvm", context: str = "{}") -> str:
    """Return a file of one workload."""
    return V1 % (image, flavor, volume_type, context)


def told(task: Task, facts: CloudFacts, known: Known) -> list[str]:
    """Return the complaints without places."""
    return [f"{complaint.key}: {complaint.what}" for complaint in check(task, facts, known)]


def test_what_a_scenario_declares_is_asked_for_and_found(known: Known) -> None:
    """Extensions, cinder services, quotas, permissions and argument types determine the facts to request."""
    task = plan(known, v1(context="{quotas: {nova: {cores: 1}}, volumes: {type: lvm}}"))
    wanted = {"image", "flavor", "volume_type", "extension", "cinder_service", "administrator", "nova_quota"}
    assert kinds(task, known) == wanted
    assert told(plan(known, v1()), EVERYTHING, known) == []
    resolved = resolve(task.workloads[0], task, EVERYTHING, known)
    assert resolved.args == {"image": "i1", "flavor": "f1", "volume_type": "v1"}


@pytest.mark.parametrize(
    ("text", "facts", "complaint"),
    [
        (
            v1(flavor="dust"),
            {},
            "image: the image cirros needs 64 MiB of memory, more than the 32 MiB of the flavor dust",
        ),
        (v1(flavor="dust"), {}, "image: the image cirros needs 2 GiB of disk, more than the 1 GiB of the flavor dust"),
        (v1(volume_type="nfs"), {}, "volume_type: there is no volume type 'nfs' in C"),
        (v1(), {"extension": ()}, "T.user needs the neutron extension 'qos', which C does not have"),
        (v1(), {"cinder_service": ()}, "T.user needs the process 'cinder-backup', which C does not have"),
        (
            v1(context="{volumes: {type: nfs}}"),
            {},
            "T.user[0].context.volumes.type: there is no volume type 'nfs' in C",
        ),
        (
            v1(context="{servers: {image: {name: x}, flavor: {id: f1}}}"),
            {},
            "servers.image: there is no image 'x' in C",
        ),
        (
            v1(context="{zones: {}}"),
            {},
            "T.user[0].context.zones: the context zones needs the service 'dns', which C does not have",
        ),
        (
            v1(context="{shares: {manila: {}}}"),
            {},
            "shares.manila: `manila` of the context shares needs the service 'shared-file-sy",
        ),
        (v1(context="{quotas: {nova: {core: 1}}}"), {}, "quotas.nova.core: nova of C has no quota of 'core'"),
        (v1(context="{images: {image_url: /gone}}"), {}, "context.images.image_url: there is no file '/gone'"),
        (
            v1(),
            None,
            "T.user[0].context.users: the context users needs an administrator; the user signed in to C is not one",
        ),
    ],
)
def test_each_thing_that_a_cloud_lacks_is_told(
    known: Known, text: str, facts: dict[str, Any] | None, complaint: str
) -> None:
    """Image and flavor that do not fit, and missing services, quotas and permissions, are reported."""
    there = replace(EVERYTHING, things={**EVERYTHING.things, **(facts or {})}, administrator=facts is not None)
    found = told(plan(known, text), there, known)
    assert any(complaint in one for one in found), found


def test_a_clouds_own_users_need_no_administrator(known: Known) -> None:
    """With the cloud's own users a load needs no administrator, and new users need one."""
    there = replace(EVERYTHING, administrator=False, own_users=True)
    assert told(plan(known, v1()), there, known) == []
    assert told(plan(known, v1(context="{users: {user_choice_method: random}}")), there, known) == []
    assert len(told(plan(known, v1(context="{users: {tenants: 2}}")), there, known)) == 1


def test_what_contexts_will_make_need_not_be_there(known: Known) -> None:
    """Things that a context makes are not missing, and get their ids after the set-up."""
    context = "{images: {image_name: mine, min_ram: 16}, flavors: [{name: my1, ram: 16}], volume_types: [my]}"
    task = plan(known, v1("mine", "my1", "my", context))
    [workload] = task.workloads
    assert told(task, EVERYTHING, known) == []
    assert resolve(workload, task, EVERYTHING, known).args == workload.args
    made = {
        "image": (NamedResource("i9", "mine"),),
        "flavor": (NamedResource("f9", "my1"),),
        "volume_type": (NamedResource("v9", "my"),),
    }
    stand = resolve(workload, task, replace(EVERYTHING, things=made), known, contexts_stand=True)
    assert stand.args == {"image": "i9", "flavor": "f9", "volume_type": "v9"}


def test_files_become_texts(tmp_path: Path, known: Known) -> None:
    """A file becomes its text, several become texts by path, and `is_public` becomes `visibility`."""
    (tmp_path / "a").write_text("text of a")
    args = {"template": str(tmp_path / "a"), "files": [str(tmp_path / "a")], "options": {"is_public": True, "x": 1}}
    task = plan(known, json.dumps({"T.admin": [{"args": args}]}))
    assert check_files(task, known) == []
    assert resolve(task.workloads[0], task, EVERYTHING, known).args == {
        "template": "text of a",
        "files": {str(tmp_path / "a"): "text of a"},
        "options": {"visibility": "public", "x": 1},
    }
    args["template"] = "gone"
    [complaint] = check_files(plan(known, json.dumps({"T.admin": [{"args": args}]})), known)
    assert (complaint.key, complaint.what) == (
        "T.admin[0].args.template",
        "the file 'gone' cannot be read: No such file or directory",
    )


def test_files_of_contexts_get_whole_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: Known) -> None:
    """A file that a context names is found next to the task file."""
    (tmp_path / "small.raw").write_text("x")
    context = {"images": {"image_url": "small.raw", "min_ram": 1}, "volume_types": ["a"]}
    args: dict[str, Any] = {"template": "t", "files": [], "options": {}}
    text = json.dumps({"T.admin": [{"args": args, "context": context}]})
    (tmp_path / "t").write_text("x")
    monkeypatch.chdir(tmp_path.parent)
    task = replace(plan(known, text), file=str(tmp_path / "t.yaml"))
    contexts = resolve(task.workloads[0], task, EVERYTHING, known).contexts
    assert contexts["images"] == {"image_url": str(tmp_path / "small.raw"), "min_ram": 1}
    assert contexts["volume_types"] == ["a"]
