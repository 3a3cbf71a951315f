"""Holding a task against a cloud."""

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rallycross import catalogue
from rallycross.cloud.facts import CloudFacts, NamedResource
from rallycross.errors import InvalidInput
from rallycross.scenario.arguments import FileText, FileTexts, Flavor, Image, ImageOptions, VolumeType
from rallycross.scenario.scenario import SCENARIOS, scenario
from rallycross.scenario.user import User
from rallycross.task import check, load
from rallycross.task.checks import check_files, kinds, resolve
from rallycross.task.known import ContextSignature, Known, Needs
from rallycross.task.plan import Task
from rallycross.task.resources import NotFound, find

THINGS = (
    NamedResource("1", "cirros"),
    NamedResource("2", "cirros-alt", {"visibility": "private"}),
    NamedResource("3", "debian"),
    NamedResource("4", "debian"),
)
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
        ("image", {"regex": "cirros", "list_kwargs": {"visibility": "public"}}, "1"),
        ("network", {"name": "debian"}, "3"),
        ("external_network", "debian", "3"),
        ("volume_type", "cirros-alt", "2"),
        ("volume_type", {"name": "alt"}, "2"),
    ],
)
def test_a_thing_is_found_by_rallys_rules(kind: str, spec: dict[str, Any], found: str) -> None:
    """An id or an exact name wins; else the name is a pattern, and of several images the last by name is taken."""
    assert find(kind, spec, THINGS).id == found


@pytest.mark.parametrize(
    ("kind", "spec", "reason"),
    [
        ("flavor", {"name": "cirr"}, "'cirr' fits 2 flavors: cirros (1), cirros-alt (2)"),
        ("image", {"name": "debian"}, "'debian' fits 2 images: debian (3), debian (4)"),
        ("image", {"regex": "cirros", "accurate": True}, "'cirros' fits 2 images"),
        ("image", {"name": "cirr", "accurate": True}, "there is no image 'cirr'"),
        ("image", {"name": "("}, "'(' is neither the name of any image nor a regular expression"),
        ("network", {"name": "cirr"}, "there is no network 'cirr'"),
        ("volume_type", "cirr", "there is no volume type 'cirr'"),
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
    assert kinds(task, known) == {"image", "flavor", "administrator"}
    facts = CloudFacts(
        "C", ALL - {"image"}, {"image": (NamedResource("1", "debian"),), "flavor": (NamedResource("2", "m1.nan"),)}
    )
    found = [str(complaint).removeprefix(f"{tmp_path}/") for complaint in check(task, facts, known)]
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
    """Make two scenarios, and two contexts beside those that there are, that say in one line what they need."""
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
    """Read a file that names these scenarios and contexts."""
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
    """Return what there is to say, without places."""
    return [f"{complaint.key}: {complaint.what}" for complaint in check(task, facts, known)]


def test_what_a_scenario_declares_is_asked_for_and_found(known: Known) -> None:
    """Extensions, cinder's processes, quotas, permissions and types of arguments say what must be known of a cloud."""
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
        (v1(), {"extension": ()}, "T.user needs neutron's extension 'qos', which C has not"),
        (v1(), {"cinder_service": ()}, "T.user needs 'cinder-backup' to run, which C has not"),
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
            "T.user[0].context.zones: the context zones needs the service 'dns', which C has",
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
            "T.user[0].context.users: the context users needs an administrator, which who signs in to C is not",
        ),
    ],
)
def test_each_thing_that_a_cloud_lacks_is_told(
    known: Known, text: str, facts: dict[str, Any] | None, complaint: str
) -> None:
    """Misfits of image and flavor, missing parts of services, quotas, permissions are told where they are asked for."""
    there = replace(EVERYTHING, things={**EVERYTHING.things, **(facts or {})}, administrator=facts is not None)
    found = told(plan(known, text), there, known)
    assert any(complaint in one for one in found), found


def test_a_clouds_own_users_need_no_administrator(known: Known) -> None:
    """Where the cloud brings users, a load of theirs runs without an administrator; making others needs one."""
    there = replace(EVERYTHING, administrator=False, own_users=True)
    assert told(plan(known, v1()), there, known) == []
    assert told(plan(known, v1(context="{users: {user_choice_method: random}}")), there, known) == []
    assert len(told(plan(known, v1(context="{users: {tenants: 2}}")), there, known)) == 1


def test_what_contexts_will_make_need_not_be_there(known: Known) -> None:
    """An image, flavor or volume type that a context makes is no complaint, and gets its id when the contexts stand."""
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
    """A file becomes its text, several become texts by path, and `is_public` of an image becomes its visibility."""
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
    """A file that a context names is found beside the task file, as those of arguments are."""
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
    """An image without data is not chosen, unless `list_kwargs` asks for its status, as in Rally's listing."""
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
    """What is there and would fail in every iteration is told with its status."""
    with pytest.raises(NotFound) as caught:
        find(kind, spec, things)
    assert str(caught.value) == reason


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
            "api_versions.nova.version: sky has nova's microversions 2.1 to 2.104, not 2.999 - ask for one of these",
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
    """What contexts ask for by name or version is told before the load where the cloud does not have it."""
    text = json.dumps({"NovaServers.list_servers": [{"context": {"users": {}, **context}}]})
    task = load(text, file="t.yaml", known=catalogue.known())
    known = catalogue.known()
    assert not said or kinds(task, known) & REFERENCES.keys()
    found = [str(one) for one in check(task, CloudFacts("sky", ALL, REFERENCES), known)]
    assert len(found) == bool(said)
    assert not said or said in found[0]


@pytest.mark.parametrize("nics", [[{"net-id": "N1"}], [{"port-id": "P"}, {"uuid": "N1"}], ["N1"]])
@pytest.mark.parametrize("there", [(NamedResource("N1", "inner"),), (), (NamedResource("N2", "N1"),)])
@pytest.mark.parametrize("where", ["args", "context"])
def test_networks_of_servers_are_held_against_the_cloud(
    nics: list[Any], there: tuple[NamedResource, ...], where: str
) -> None:
    """A network is named by its id, of which nova has no other; a name is told with the id that it stands for."""
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
    assert ("write the id of the one of this name: N2" in said) == bool(there)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("example.org/path", "no URL that begins with http"),
        ("ftp://example.org", "no URL that begins with http"),
        ("http://", "a URL without a host"),
        ("http://example.org:99999/", "no URL (Port out of range"),
        ("http://[::1/", "no URL (Invalid IPv6 URL"),
        ("http://exa mple.org/", "no URL: it has a blank in it"),
    ],
)
def test_urls_are_looked_at_before_the_load(url: str, said: str) -> None:
    """What is no URL is told by the plan, for requests and for images."""
    one = {"url": url, "method": "GET"}
    for text in (
        {"HttpRequests.check_request": [{"args": {**one, "status_code": 200}}]},
        {
            "HttpRequests.check_random_request": [
                {"args": {"requests": [{"url": url, "method": "GET"}], "status_code": 200}}
            ]
        },
    ):
        with pytest.raises(InvalidInput) as caught:
            load(json.dumps(text), file="t.yaml", known=catalogue.known())
        assert said in str(caught.value)
    if url.startswith("http"):
        args = {"container_format": "bare", "disk_format": "raw", "image_location": url}
        task = load(
            json.dumps({"GlanceImages.create_and_delete_image": [{"args": args}]}),
            file="t.yaml",
            known=catalogue.known(),
        )
        [complaint] = check_files(task, catalogue.known())
        assert said in str(complaint)


def test_a_template_is_told_how_to_be_filled() -> None:
    """Where a file has variables for image and flavor, a refusal gives arguments that work: the smallest that fit."""
    source = '{% set image = image or "cirros" %}\n{% set flavor = flavor or "m1.nano" %}\n---\n' + TASK.replace(
        "name: cirros", "name: {{ image }}"
    ).replace("name: m1.nano", "name: {{ flavor }}")
    known = catalogue.known()
    images = (
        NamedResource("1", "debian", {"size": 10**9}),
        NamedResource("2", "it's tiny", {"size": 10**6, "min_ram": 64, "min_disk": 1}),
        NamedResource("3", "a", {"size": 10, "status": "queued"}),
    )
    flavors = (
        NamedResource("1", "m1.large", {"ram": 4096, "disk": 20}),
        NamedResource("2", "m0", {"ram": 32, "disk": 0}),
        NamedResource("3", "m1.tiny", {"ram": 512, "disk": 1}),
    )
    facts = CloudFacts("C", ALL, {"image": images, "flavor": flavors})
    told = [str(complaint) for complaint in check(load(source, file="t.yaml", known=known), facts, known)]
    words = [shlex.split(one.split("--task-args ")[1])[0] for one in told if "--task-args" in one]
    assert [json.loads(word) for word in words] == [{"image": "it's tiny", "flavor": "m1.tiny"}] * 2
    filled = load(source, args=json.loads(words[0]), file="t.yaml", known=known)
    assert not [one for one in check(filled, facts, known) if ".image:" in str(one) or "flavor" in str(one)]


@pytest.mark.parametrize(
    ("head", "names", "filled"),
    [
        (
            '{% set image_name = image_name or "^cirros$" %}{% set flavor_name = flavor_name or "m1.nano" %}',
            "_name",
            True,
        ),
        ('{% set image_name = "^cirros$" %}{% set flavor_name = "m1.nano" %}', "_name", False),
        ("{%- set image = image|default('cirros') -%}{% set flavor = flavor|default('m1.nano') %}", "", True),
    ],
)
def test_variables_are_called_as_rallys_samples_call_them(head: str, names: str, *, filled: bool) -> None:
    """`image_name` and `flavor_name` are filled as `image` and `flavor` are; what a file sets for good is not."""
    source = f"{head}\n" + TASK.replace("name: cirros", f"name: {{{{ image{names} }}}}").replace(
        "name: m1.nano", f"name: {{{{flavor{names}}}}}"
    )
    known = catalogue.known()
    facts = CloudFacts(
        "C", ALL, {"image": (NamedResource("1", "tiny"),), "flavor": (NamedResource("2", "m0", {"ram": 512}),)}
    )
    task = load(source, file="t.yaml", known=known)
    told = "\n".join(str(one) for one in check(task, facts, known))
    expected = json.dumps({f"image{names}": "tiny", f"flavor{names}": "m0"})
    assert (f"--task-args '{expected}'" in told) is filled
    assert ("`Task arguments` in Airflow's form" in told) is filled
