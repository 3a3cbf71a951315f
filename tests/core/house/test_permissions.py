"""A form reaches only the files and commands that the settings allow; the owner of the machine reaches all."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rallycross import catalogue, inputs, task
from rallycross.deployment import load_spec
from rallycross.errors import InvalidInput, RallycrossError
from rallycross.permissions import OWNER, NotAllowed, Permissions, grant, permissions
from rallycross.settings import CHECKOUT, settings
from rallycross.task.local_arguments import LOCAL
from rallycross.verification.selection import Choice
from rallycross.verification.source import Source
from rallycross.verification.verify import VerificationRequest
from rallycross.yamlfile import source

CANARY = "hunter2-hunter2"
LOAD = {"title": "s", "scenario": {"Dummy.dummy": {}}}
UPLOAD = {"container_format": "bare", "image_location": "PATH", "disk_format": "raw"}
# Files that a worker has, none of which is a task file or a spec.
OTHERS = {
    "supervisor_password": CANARY,
    "passwords.json": json.dumps({"admin": CANARY}),
    "list.json": json.dumps([CANARY]),
    "clouds.yaml": yaml.safe_dump({"clouds": {"one": {"auth": {"password": CANARY}}}}),
    "cut.yaml": f"password: {{{CANARY}",
    "odd.yaml": f"!{CANARY} x",
    "alias.yaml": f"a: *{CANARY}",
    "template": f"{{% {CANARY} %}}",
    "number.yaml": f"admin: 0o{CANARY}",
    "twice.yaml": f"{CANARY}: 1\n{CANARY}: 2\n",
}


@pytest.fixture(name="files")
def _files(tmp_path: Path) -> Path:
    """Give the folder that forms may name files of, beside one that they may not."""
    (tmp_path / "files").mkdir()
    (tmp_path / "secret").mkdir()
    for name, text in OTHERS.items():
        (tmp_path / "secret" / name).write_text(text)
    return tmp_path / "files"


@pytest.fixture(name="form")
def _form(files: Path) -> Permissions:
    return Permissions.of_forms(settings({"RALLYCROSS_FILES": str(files)}))


def written(folder: Path, *workloads: dict[str, Any], name: str = "task.yaml") -> str:
    """Write a task file; return its path."""
    (folder / name).write_text(text(*workloads))
    return str(folder / name)


def text(*workloads: dict[str, Any]) -> str:
    """Return the text of a task file."""
    return yaml.safe_dump({"version": 2, "title": "T", "subtasks": list(workloads)}, sort_keys=False)


def load(given_: str, allowed: Permissions, args: Any = None) -> task.file.Task:  # type: ignore[name-defined]
    """Read a task as a stage does."""
    found, file = source(given_, allowed)
    return task.load(found, file=file, args=args, known=catalogue.known(), permissions=allowed)


def refusal(given_: str, allowed: Permissions, args: Any = None) -> str:
    """Return why a task is refused."""
    with pytest.raises(InvalidInput) as caught:
        load(given_, allowed, args)
    return str(caught.value)


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("inside", [True, False])
def test_no_message_quotes_a_file_that_is_no_task_and_no_spec(
    name: str, inside: bool, files: Path, form: Permissions
) -> None:
    """No error quotes the content of a file that is not a task or a spec."""
    file = files / name if inside else files.parent / "secret" / name
    file.write_text(OTHERS[name])

    with pytest.raises(InvalidInput) as caught:
        inputs.check(str(file), str(file), {}, permitted=lambda _: form)

    assert str(file) in str(caught.value)
    error: BaseException | None = caught.value
    while error is not None:
        assert CANARY not in str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


@pytest.mark.parametrize("how", ["link", "folder", "up", "through"])
def test_no_way_leads_out_of_a_folder(how: str, files: Path, form: Permissions) -> None:
    """Links and dots are resolved before a path is checked."""
    target = files.parent / "secret" / "passwords.json"
    (files / "link").symlink_to(target)
    (files / "folder").symlink_to(target.parent)
    ways = {
        "link": files / "link",
        "folder": files / "folder/passwords.json",
        "up": files / "../secret/passwords.json",
        "through": Path("/proc/self/root") / str(target)[1:],
    }

    assert "RALLYCROSS_FILES" in refusal(str(ways[how]), form)
    assert "must be" in refusal(str(ways[how]), OWNER)


def test_what_is_out_of_reach_is_not_told_from_what_is_not_there(files: Path, form: Permissions) -> None:
    """A form cannot find out which files a worker has."""
    there, missing = (files.parent / "secret" / name for name in ("passwords.json", "nothing"))

    assert refusal(str(there), form).partition(": ")[2] == refusal(str(missing), form).partition(": ")[2]


@given(st.text(max_size=20))
def test_any_text_is_refused_or_below_a_folder(given_: str) -> None:
    """Any path that is accepted is below a folder in the settings."""
    allowed = Permissions.of_forms(settings({"RALLYCROSS_FILES": str(CHECKOUT / "include")}))
    try:
        source(given_, allowed)
    except InvalidInput:
        return
    if "\n" not in given_ and ": " not in given_:
        assert allowed.find(given_.strip()).is_relative_to(CHECKOUT / "include")


def test_a_form_reaches_what_is_shipped_and_a_folder_of_the_home(tmp_path: Path) -> None:
    """By default a form reaches the checkout's recipes and specs, and the home's folder `files`, by name."""
    found = Permissions.of_forms(settings({"RALLYCROSS_HOME": str(tmp_path)}))
    (tmp_path / "files").mkdir()
    written(tmp_path / "files", LOAD, name="mine.yaml")

    assert load("mine.yaml", found).title == "T"
    assert load("include/recipes/quickstart.yaml", found).workloads
    assert "RALLYCROSS_FILES" in refusal("pyproject.toml", found)
    (tmp_path / "task.yaml").write_text((tmp_path / "files" / "mine.yaml").read_text())
    assert "RALLYCROSS_FILES" in refusal(str(tmp_path / "task.yaml"), found)


@pytest.mark.parametrize("tag", ["include", "import", "from", "extends"])
def test_a_template_includes_only_what_may_be_named(tag: str, files: Path, form: Permissions) -> None:
    """Templates can include only files that the form could name."""
    ends = {"import": " as x", "from": " import x"}
    tagged = f'{{% {tag} "PATH"{ends.get(tag, "")} %}}\n'
    (files / "link").symlink_to(files.parent / "secret/supervisor_password")
    (files / "task.yaml").write_text(tagged.replace("PATH", "link"))
    (files / "part.yaml").write_text(text(LOAD) + "{% set x = 1 %}")

    assert "may include" in refusal(str(files / "task.yaml"), form)
    for path in ("LICENSE", ".rallycross/airflow/supervisor_password", "/etc/passwd", "../x"):
        assert "may include" in refusal(tagged.replace("PATH", path) + text(LOAD), form)
    (files / "fine.yaml").write_text(
        tagged.replace("PATH", "part.yaml") + ("" if tag in {"include", "extends"} else text(LOAD))
    )
    assert load(str(files / "fine.yaml"), form).title == "T"


@pytest.mark.parametrize(
    "workload",
    [
        {**LOAD, "scenario": {"GlanceImages.create_and_delete_image": UPLOAD}},
        {**LOAD, "contexts": {"images": {"image_url": "PATH", "images_per_tenant": 1}, "users": {}}},
    ],
)
def test_a_task_uploads_only_what_may_be_named(workload: dict[str, Any], files: Path, form: Permissions) -> None:
    """Files that scenarios and contexts read are limited in the same way, before the load and during it."""
    target = files.parent / "secret" / "supervisor_password"
    wrong = text(json.loads(json.dumps(workload).replace("PATH", str(target))))
    (files / "image").write_text("an image")
    spec = str(CHECKOUT / "include/clouds/embedded.yaml")

    with pytest.raises(InvalidInput, match="RALLYCROSS_FILES"):
        inputs.check(spec, wrong, {}, permitted=lambda one: OWNER if one == spec else form)
    with pytest.raises(NotAllowed):
        LOCAL["file"](load(wrong, form), str(target))

    right = text(json.loads(json.dumps(workload).replace("PATH", str(files / "image"))))
    inputs.check(spec, right, {}, permitted=lambda one: OWNER if one == spec else form)
    inputs.check(spec, wrong, {})


def hook(action: str, args: Any) -> dict[str, Any]:
    """Return a workload with a hook."""
    return {**LOAD, "hooks": [{"action": {action: args}, "trigger": {"event": {"unit": "iteration", "at": [1]}}}]}


HOOKS = [
    hook("sys_call", "/usr/bin/env"),
    hook("fault_injection", {"action": "reboot one node", "hosts": {"a": {"host": "192.0.2.1"}}}),
]


@pytest.mark.parametrize("workload", HOOKS)
def test_commands_of_files_are_run_and_those_of_forms_are_not(
    workload: dict[str, Any], files: Path, form: Permissions
) -> None:
    """Hooks in a text need RALLYCROSS_COMMANDS=all; those in a file need any value but `none`."""
    assert "runs commands" in refusal(text(workload), form)
    assert load(written(files, workload), form).workloads[0].hooks

    everything = Permissions.of_forms(settings({"RALLYCROSS_FILES": str(files), "RALLYCROSS_COMMANDS": "all"}))
    assert load(text(workload), everything).workloads[0].hooks
    nothing = Permissions.of_forms(settings({"RALLYCROSS_FILES": str(files), "RALLYCROSS_COMMANDS": "none"}))
    assert "runs commands" in refusal(written(files, workload), nothing)
    assert load(text(workload), OWNER).workloads[0].hooks


def test_task_arguments_of_a_form_bring_no_commands(files: Path, form: Permissions) -> None:
    """A template runs its own commands, and none that its arguments insert."""
    (files / "own.yaml").write_text(text(hook("sys_call", "/bin/date -u")).replace("title: T", "title: {{ t }}"))
    (files / "filled.yaml").write_text(text(hook("sys_call", "ping HOST")).replace("HOST", "{{ host }}"))
    (files / "plain.yaml").write_text(text(LOAD).replace("title: T", "title: {{ t }}"))
    injected = "x\nsubtasks:\n" + yaml.safe_dump([hook("sys_call", "touch /tmp/x")]) + "#"

    assert load(str(files / "own.yaml"), form, {"t": "x"}).title == "x"
    assert "task arguments" in refusal(str(files / "filled.yaml"), form, {"host": "192.0.2.1"})
    (files / "last.yaml").write_text("version: 2\ntitle: {{ t }}\n")
    assert "task arguments" in refusal(str(files / "last.yaml"), form, {"t": injected})
    assert load(str(files / "filled.yaml"), OWNER, {"host": "h"}).workloads[0].hooks


AUTH = {"auth_url": "http://127.0.0.1:1/v3", "username": "u", "password": "p", "project_name": "x"}


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"engine": "embedded"}, "runs commands"),
        ({"engine": "existing"}, "clouds_yaml"),
        ({"engine": "existing", "clouds_yaml": "/root/clouds.yaml"}, "clouds_yaml"),
        ({"engine": "existing", "openrc": "/root/openrc"}, "openrc"),
        ({"engine": "existing", "auth": AUTH, "cacert": "/etc/shadow"}, "cacert"),
        ({"engine": "existing", "auth": AUTH, "hosts": {"a": {"host": "192.0.2.1"}}}, "hosts"),
        ({"engine": "existing", "compute_endpoint_override": "http://192.0.2.1"}, "sends a token of the worker"),
        ({"engine": "existing", "auth": AUTH, "compute_endpoint_override": "http://192.0.2.1"}, ""),
        ({"engine": "existing", "auth": AUTH}, ""),
    ],
)
def test_a_spec_in_a_form_signs_in_with_what_it_brings(spec: dict[str, Any], why: str, form: Permissions) -> None:
    """A spec in a form may name a cloud with its credentials, and no engine that runs commands and no other files."""
    given_ = yaml.safe_dump({"name": "c", **spec})

    if why:
        with pytest.raises(InvalidInput, match=why):
            load_spec(given_, file="<text>", permissions=form)
    assert load_spec(given_, file="<text>").name == "c"
    if not why:
        assert load_spec(given_, file="<text>", permissions=form).name == "c"


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("", True),
        ("46.2.0", True),
        (">=46", True),
        ("tempest==46.2.0", True),
        ("neutron-tempest-plugin", True),
        ("neutron-tempest-plugin==2.10.0", True),
        ("evil-tempest-plugin", False),
        ("requests", False),
        ("https://example.org/x.git", False),
        ("git+https://example.org/neutron-tempest-plugin", False),
        ("0 @ https://example.org/x.whl", False),
        ("tempest @ git+https://example.org/x", False),
        ("/srv/neutron-tempest-plugin", False),
        ("--index-url=https://example.org", False),
        ("tempest\n--index-url=https://example.org", False),
    ],
)
def test_a_form_installs_what_openstack_publishes(package: str, allowed: bool, form: Permissions) -> None:
    """A form may install versions of tempest and its plugins, and no URLs, folders or other packages."""
    requests = [
        VerificationRequest(Choice(set="smoke"), Source(package=package)),
        VerificationRequest(Choice(set="smoke"), Source(plugins=(package,))),
    ]
    for request in requests:
        if allowed:
            request.check(form)
        else:
            with pytest.raises(NotAllowed, match="RALLYCROSS_PACKAGES"):
                request.check(form)
        request.check(OWNER)


def test_files_of_a_verification_are_bounded(files: Path, form: Permissions) -> None:
    """Accounts and option paths must be files that a form may name."""
    (files / "circle").symlink_to(files / "circle")
    ways = ("/etc/shadow", " /etc/shadow", "a,/etc/shadow", "x/../../../etc/shadow", "./x", "~nobody-here/x", "..")
    ways += ("file:///etc/shadow", "/etc/sha\0dow", f"{files}/../secret/passwords.json", str(files / "circle"))
    for more in ({"accounts": "accounts.yaml"}, *({"options": {"scenario.img_file": way}} for way in ways)):
        with pytest.raises(NotAllowed, match="RALLYCROSS_FILES"):
            VerificationRequest(Choice(set="smoke"), **more).check(form)
    fine = {"scenario.img_file": str(files / "image"), "network.project_network_cidr": "10.0.0.0/24"}
    fine |= {"image.formats": "qcow2,raw", "validation.ping_count": "1..2", "identity.uri": "http://c/a..b"}
    VerificationRequest(Choice(set="smoke"), options=fine, accounts=str(files / "a.yaml")).check(form)


def test_the_owner_grants_one_run_its_files(tmp_path: Path, files: Path) -> None:
    """Files that are named on the command line are allowed only for that run."""
    paths = settings({"RALLYCROSS_HOME": str(tmp_path / "home")})
    grant(paths, "run", [str(files / "task.yaml")])

    assert permissions(paths, "run", str(files / "task.yaml")) == OWNER
    assert permissions(paths, "run", str(files / "other.yaml")) == Permissions.of_forms(paths)
    assert permissions(paths, "another", str(files / "task.yaml")) == Permissions.of_forms(paths)


def test_a_setting_that_is_none_is_told() -> None:
    """An unknown value of RALLYCROSS_COMMANDS is an error."""
    with pytest.raises(RallycrossError, match=r"RALLYCROSS_COMMANDS: 'yes' is not one of none, files, all"):
        settings({"RALLYCROSS_COMMANDS": "yes"})
