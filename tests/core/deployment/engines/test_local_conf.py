"""local.conf is rendered so that bash reads back what the spec says."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rallycross.deployment.engines.devstack.local_conf import complain, complain_of_sections, node_conf, rendered

_TEXT = st.text(st.characters(codec="ascii", exclude_characters="\n\r$\0", categories=("L", "N", "P", "S", "Zs")))
PASSWORDS = {"ADMIN_PASSWORD": "hush"}


@given(_TEXT)
@settings(max_examples=30)
def test_bash_reads_back_what_was_written(value: str) -> None:
    """Any line of text without a reference comes out of `source` as it went in, unless it is quoted already."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return
    text = rendered({"X": value}, {}).removeprefix("[[local|localrc]]\n")
    read = subprocess.run(["bash", "-c", f'{text}printf %s "$X"'], capture_output=True, text=True, check=True)
    assert read.stdout == value


def test_a_local_conf_in_full() -> None:
    """Variables, additions, plugins, references, words in quotes, and further sections, in the order of the spec."""
    conf = {
        "ADMIN_PASSWORD": "hush",
        "ENABLED_SERVICES+": ",h-eng",
        "ENABLE_PLUGIN": ["rally https://example.com/rally", "ironic https://example.com/ironic"],
        "GLANCE_HOSTPORT": "$SERVICE_HOST:9292",
        "IMAGE_URLS": "",
        "LOGDAYS": 1,
        "ENABLE_KSM": False,
        "OWN": '"a b"',
    }
    assert rendered(conf, {"post-config|$NOVA_CONF": {"DEFAULT": {"debug": True}}}) == (
        "[[local|localrc]]\nADMIN_PASSWORD=hush\nENABLED_SERVICES+=,h-eng\n"
        "enable_plugin rally https://example.com/rally\nenable_plugin ironic https://example.com/ironic\n"
        'GLANCE_HOSTPORT=$SERVICE_HOST:9292\nIMAGE_URLS=\nLOGDAYS=1\nENABLE_KSM=False\nOWN="a b"\n'
        "\n[[post-config|$NOVA_CONF]]\n[DEFAULT]\ndebug = True\n"
    )


def test_a_compute_node_is_no_second_controller() -> None:
    """It gets the controller's address and passwords, but neither its services nor its plugins."""
    given_ = {"ENABLED_SERVICES+": ",h-eng", "ENABLE_PLUGIN": "x y", "VIRT_DRIVER": "fake", "ADMIN_PASSWORD": "own"}
    conf = node_conf(
        given_,
        {"LOGDAYS": 2},
        address="192.0.2.2",
        controller="192.0.2.1",
        passwords=PASSWORDS,
        git_base="file:///g",
        dest="/srv/stack",
    )
    assert conf["DEST"] == "/srv/stack"
    assert conf["SERVICE_HOST"] == "192.0.2.1"
    assert conf["HOST_IP"] == "192.0.2.2"
    assert conf["ADMIN_PASSWORD"] == "own"
    assert conf["ENABLED_SERVICES"].split(",")[0] == "n-cpu"
    assert (conf["VIRT_DRIVER"], conf["LOGDAYS"], conf["GIT_BASE"]) == ("fake", 2, "file:///g")
    assert not {"ENABLED_SERVICES+", "ENABLE_PLUGIN"} & conf.keys()


def test_a_controller_has_what_the_spec_says() -> None:
    """The spec overrides other values, and a host name is not written as HOST_IP."""
    conf = node_conf(
        {"ADMIN_PASSWORD": "own"},
        {},
        address="host.example.com",
        controller=None,
        passwords=PASSWORDS,
        git_base=None,
        dest="/opt/x",
    )
    assert conf == {"ADMIN_PASSWORD": "own", "DEST": "/opt/x"}


@pytest.mark.parametrize("conf", [{"A B": 1}, {"A": "x\ny"}, {"A": ["x"]}, {5: 1}, {"A": None}])
def test_what_bash_cannot_read_is_refused(conf: dict[object, object]) -> None:
    """Names that are no variables and values of several lines are complained of."""
    assert complain(conf)


def test_sections_are_checked() -> None:
    """A section has a phase and a file, and groups of keys."""
    assert complain_of_sections({"post-config|$NOVA_CONF": {"DEFAULT": {"a": 1}}}) is None
    assert complain_of_sections({"nova.conf": {}})
    assert complain_of_sections({"post-config|$NOVA_CONF": {"debug": True}})
