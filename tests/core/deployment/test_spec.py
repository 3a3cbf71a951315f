"""Cloud specs: what they become, and what is said against them."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rallycross.deployment import load_spec
from rallycross.deployment.engine import ENGINES
from rallycross.errors import InvalidInput
from rallycross.lifecycle import shown
from rallycross.settings import CHECKOUT

GOOD = "name: mine\nengine: existing\n"
NAME_RULE = "must be at most 41 lower-case letters, digits and dashes, beginning with a letter or digit"


def _complaints(text: str) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        load_spec(text, file="c.yaml")
    return [str(complaint) for complaint in caught.value.complaints]


def test_a_spec_gets_every_option_of_its_engine() -> None:
    """Missing keys of a spec have the engine's defaults, and given keys their values."""
    spec = load_spec(GOOD + "verify: false\n", file="c.yaml")
    assert (spec.name, spec.engine, spec.file) == ("mine", "existing", "c.yaml")
    assert spec.options == {
        **{key: option.default for key, option in ENGINES["existing"].options.items()},
        "verify": False,
    }
    assert spec.text == GOOD + "verify: false\n"


def test_a_spec_hides_its_secrets() -> None:
    """Printing a spec shows neither its passwords nor its text."""
    text = GOOD + "auth: {auth_url: 'http://c', password: hush}\n"
    assert "hush" not in repr(load_spec(text, file="c.yaml"))


_USER_DATA = "#cloud-config\nchpasswd: {list: 'root:hunter22'}\n"


@pytest.mark.parametrize("type_", ["openstack", "ironic"])
def test_what_cloud_init_reads_is_a_secret(type_: str) -> None:
    """A `userdata` counts as a secret, at any depth of nested providers."""
    image = {"name": "debian"} if type_ == "openstack" else {"source": "debian"}
    more = {"flavor_id": "m1"} if type_ == "openstack" else {"resource_class": "any"}
    hosts = {"type": type_, "cloud": "lab", "image": {**image, "userdata": _USER_DATA}, **more}
    for provider in (hosts, {"type": "lxc", "host_provider": hosts}):
        spec = load_spec(yaml.safe_dump({"name": "a", "engine": "embedded", "provider": provider}), file="c.yaml")
        assert "hunter22" not in shown(spec)
        assert "debian" in shown(spec)
    parts = {"name": "a", "engine": "multihost", "controller": {"engine": "embedded", "provider": hosts}}
    assert "hunter22" not in shown(load_spec(yaml.safe_dump(parts), file="c.yaml"))


def test_all_complaints_come_at_once_with_their_places() -> None:
    """Every fault of a spec is named with file, line, column, key and remedy, in one go."""
    text = "name: My Cloud\nverify: 1\nengine: existing\ncluod: a\nauth: []\nclouds_yaml: here\nregion_name: 5\n"
    assert _complaints(text) == [
        f"c.yaml:1:1: name: {NAME_RULE}, not 'My Cloud'",
        "c.yaml:2:1: verify: must be true or false, not 1 - whether to verify the cloud's certificates",
        "c.yaml:4:1: cluod: unknown key - did you mean cloud?",
        "c.yaml:5:1: auth: cannot be given together with 'clouds_yaml' - remove one of the two",
        "c.yaml:5:1: auth: must be a mapping, not a list - an entry's `auth`, instead of a file",
        (
            "c.yaml:6:1: clouds_yaml: must begin with / or ~/, not 'here' - path of a clouds.yaml"
            " (default: the one that openstackclient would read)"
        ),
        "c.yaml:7:1: region_name: must be a string, not 5 - the region, if there are several",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "c.yaml:1:1: a cloud spec must be a mapping - begin with `name:` and `engine:`"),
        ("- a\n", "c.yaml:1:1: a cloud spec must be a mapping - begin with `name:` and `engine:`"),
        ("engine: existing\n", "c.yaml:1:1: lacks the key 'name' - add `name:`, which later runs find the cloud by"),
        ("name: 5\nengine: existing\n", "c.yaml:1:1: name: must be a string, not 5 - put it in quotes"),
        ("name: a\nengine: exiting\n", "c.yaml:2:1: engine: unknown engine 'exiting' - did you mean existing?"),
        (GOOD + "auth: {}\n", "c.yaml:3:1: auth: must have an `auth_url` - an entry's `auth`, instead of a file"),
        (GOOD + "name: b\n", "c.yaml:3:1: name: duplicate key - remove one of the two"),
        (GOOD + "on: b\n", "c.yaml:3:1: on: YAML reads the key `on` as true - quote it"),
        (GOOD + "auth: {auth_url: .nan}\n", "c.yaml:3:8: auth.auth_url: the number nan is out of bounds"),
    ],
)
def test_a_fault_is_named(text: str, complaint: str) -> None:
    """Each fault has its own words."""
    found = _complaints(text)
    assert len(found) == 1
    assert found[0].startswith(complaint)


def test_a_missing_engine_names_those_that_there_are() -> None:
    """A spec without an engine gets a complaint that lists the engines."""
    (found,) = _complaints("name: a\n")
    assert found.startswith("c.yaml:1:1: lacks the key 'engine' - add `engine:` with one of ")
    assert all(engine in found for engine in ENGINES)


@pytest.mark.parametrize(("name", "good"), [("a" * 41, True), ("0-a", True), ("a" * 42, False), ("-a", False)])
def test_a_name_fits_a_folder(name: str, good: bool) -> None:
    """A cloud's name is short, and never reads like an option or a path."""
    if good:
        assert load_spec(f"name: {name}\nengine: existing\n", file="c.yaml").name == name
    else:
        assert "name: must be at most 41 lower-case" in _complaints(f"name: {name}\nengine: existing\n")[0]


@pytest.mark.parametrize("name", ["embedded", "existing"])
def test_shipped_specs_are_good(name: str) -> None:
    """The specs that come with the project name their engine, and say nothing that it does not know."""
    file = CHECKOUT / "include" / "clouds" / f"{name}.yaml"
    spec = load_spec(file.read_text(), file=str(file))
    assert (spec.name, spec.engine) == (name, name)


@pytest.mark.parametrize("engine", ["embedded", "existing"])
def test_defaults_pass_their_own_checks(engine: str) -> None:
    """A spec with every default written out is equal to one without."""
    options = {key: option.default for key, option in ENGINES[engine].options.items() if not option.excludes}
    text = yaml.safe_dump({"name": "a", "engine": engine, **options})
    assert load_spec(text, file="c.yaml").options.items() >= options.items()


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
_keys = (
    st.sampled_from(["name", "engine", "auth", "cloud", "verify", "first_port"]) | st.text(max_size=6) | st.integers()
)


@given(st.dictionaries(_keys, st.sampled_from(["a", "existing", "embedded"]) | _values, max_size=6) | _values)
def test_whatever_a_user_writes_becomes_a_spec_or_complaints(data: Any) -> None:
    """Any YAML either is a spec whose options have their types, or is complained of; nothing else is raised."""
    text = yaml.safe_dump(data)
    spec, complaints = None, []
    try:
        spec = load_spec(text, file="c.yaml")
    except InvalidInput as error:
        complaints = error.complaints
    assert (spec is None) == bool(complaints)
    assert all(complaint.what and 1 <= complaint.line <= len(text.splitlines()) for complaint in complaints)
    if spec:
        assert set(data) <= {"name", "engine", *spec.options}
        assert set(spec.options) == set(ENGINES[spec.engine].options)


@given(st.text(max_size=60))
def test_text_that_is_no_spec_is_complained_of(text: str) -> None:
    """Any text at all is answered by complaints, never by another error."""
    assert _complaints(text)
