"""The engine `anvil`: personas and origins are checked with places, and what mode `native` makes of them."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from sites import a_site

from rallycross.cloud.cloud import Cloud
from rallycross.deployment import LocalHost, deploy, load_spec
from rallycross.deployment.engine import ENGINES
from rallycross.deployment.engines.anvil.native import translated
from rallycross.deployment.engines.anvil.persona import load
from rallycross.deployment.node import LOCAL, Node
from rallycross.errors import InvalidInput

PERSONA = """
components:
- general
- db
- rabbit-mq
- keystone
- keystone-client
- glance
- nova
options:
  nova: {db-sync: true, local-conductor: false}
subsystems:
  keystone: [all]
  glance: [api, registry]
  nova: [api, cert, compute, conductor, scheduler]
no-origin: [general, db, rabbit-mq]
supports: [rhel, centos]
"""
ORIGINS = """
keystone: {repo: "git://github.com/openstack/keystone.git", tag: 2014.2}
keystone-client: {repo: "git://github.com/openstack/python-keystoneclient.git", tag: 0.11.1}
glance: {repo: "git://github.com/openstack/glance.git", tag: 2014.2.1}
nova: {repo: "git://github.com/openstack/nova.git", branch: stable/juno, use_tests_requires: false}
"""


def complaints(tmp_path: Path, persona: str, origins: str | None = None, **options: Any) -> list[str]:
    """Return what a deploy has against a spec, whose files are p.yaml and o.yaml."""
    (tmp_path / "p.yaml").write_text(persona.lstrip())
    data = {"name": "forged", "engine": "anvil", "persona": str(tmp_path / "p.yaml")}
    if origins is not None:
        (tmp_path / "o.yaml").write_text(origins.lstrip())
        data["origins"] = str(tmp_path / "o.yaml")
    spec = load_spec(yaml.safe_dump(data | options, sort_keys=False), file="forged.yaml")
    with pytest.raises(InvalidInput) as caught:
        deploy(spec, a_site(tmp_path / "site"))
    assert not (tmp_path / "site").exists()
    return [str(one).replace(f"{tmp_path}/", "") for one in caught.value.complaints]


def test_a_persona_becomes_services_of_today() -> None:
    """Services come with those that they need today; what differs from the persona is told."""
    persona = load(PERSONA, ORIGINS)
    assert persona.versions["keystone"] == "2014.2"
    here = translated(persona)
    assert here.services == ["keystone", "glance", "neutron", "placement", "nova"]
    assert here.title == "Persona: today's keystone, glance, nova; and placement, neutron, needed by nova"
    assert here.told == (
        "placement: added, as today's nova needs it",
        "neutron: added, as today's nova needs it",
        "keystone: today's release, not 2014.2",
        "glance: today's release, not 2014.2.1",
        "glance: without registry: no longer in OpenStack, or without function here",
        "nova: today's release, not stable/juno",
        "nova: without cert: no longer in OpenStack, or without function here",
        "nova: without effect here: local-conductor",
        "db: MariaDB",
        "rabbit-mq: RabbitMQ",
    )


def test_quantum_is_neutron() -> None:
    """A persona of 2012 has the networks under their old name, and a persona of 2015 stages of its build."""
    persona = load("components: [db, keystone: 1, quantum: 2]\nsupports: [rhel]", None)
    here = translated(persona)
    assert here.services == ["keystone", "neutron"]
    assert "quantum: neutron, its name today" in here.told


def test_what_the_origins_disable_is_left_out() -> None:
    """A component that the origins disable is ignored, even an unknown one."""
    origins = ORIGINS + "heat: {repo: git://x, disabled: true}\n"
    persona = load(PERSONA.replace("- nova", "- nova\n- heat"), origins)
    assert "heat" not in persona.components
    assert translated(persona).services == ["keystone", "glance", "neutron", "placement", "nova"]


def test_complaints_name_places_in_both_files(tmp_path: Path) -> None:
    """Keys and kinds are held to what Anvil reads, each complaint with file, line and column."""
    said = complaints(
        tmp_path, "components: keystone\nsubsytems: {}\nsupports: [rhel]\n", "nova:\n  tag: [1]\n  disabled: 'no'\n"
    )
    assert said == [
        "o.yaml:2:3: nova.tag: must be a string or a number, not a list",
        "o.yaml:3:3: nova.disabled: must be true or false, not 'no'",
        "p.yaml:1:1: components: must be a list, not 'keystone'",
        "p.yaml:2:1: subsytems: unknown key - did you mean subsystems?",
    ]


def test_a_component_without_an_origin_is_told(tmp_path: Path) -> None:
    """A component without an origin, which Anvil would leave out, and an unknown one are refused."""
    persona = "components:\n- db\n- keystone\n- glnace\n- keystone\nsupports: []\noptions: {nvoa: {}}\n"
    said = complaints(tmp_path, persona, "keystone: {repo: x}\n")
    remedy = "add it to the origins or to `no-origin`, or remove it"
    assert said[0] == (f"p.yaml:2:3: components[0]: db has no origin, so Anvil would silently leave it out - {remedy}")
    assert said[1].startswith("p.yaml:4:3: components[2]: unknown component 'glnace' - did you mean glance")
    assert said[2] == "p.yaml:5:3: components[3]: names keystone a second time - remove one of the two"
    assert said[3].startswith("p.yaml:7:11: options.nvoa: unknown component 'nvoa' - did you mean nova")


def test_what_native_cannot_do_is_told(tmp_path: Path) -> None:
    """Components, subsystems and options that the engine `embedded` has nothing for are complaints, all at once."""
    persona = """
components:
- horizon
- nova
- quantum
- neutron
subsystems:
  nova: [api, schedular]
options:
  nova:
    mq-type: qpid
supports: [rhel]
"""
    said = complaints(tmp_path, persona)
    assert said[0] == "p.yaml:1:1: components: has neutron and quantum, which are the same - remove quantum"
    assert said[1] == "p.yaml:1:1: components: lacks keystone - add it: all others sign in to it"
    assert said[2].startswith("p.yaml:2:3: components[0]: horizon cannot be deployed in mode native - remove it, or ")
    assert said[3] == "p.yaml:7:15: subsystems.nova[1]: unknown subsystem 'schedular' of nova - did you mean scheduler?"
    assert said[4] == "p.yaml:10:5: options.nova.mq-type: must be 'rabbit' in mode native, not 'qpid'"


def test_a_key_of_the_other_mode_is_told(tmp_path: Path) -> None:
    """A key that the mode would pass over is a complaint at its place in the spec, beside those about the persona."""
    said = complaints(tmp_path, "components: [heat]\nsupports: []\n", jobs=3)
    assert said[-1] == "forged.yaml:4:1: jobs: has no effect in mode native - remove it"
    assert said[0] == "p.yaml:1:1: components: lacks keystone - add it: all others sign in to it"
    said = complaints(tmp_path, PERSONA, ORIGINS, mode="classic", embedded={"api_workers": 1})
    assert said == ["forged.yaml:6:1: embedded: has no effect in mode classic - remove it"]


def test_a_file_that_is_not_there_is_told() -> None:
    """A persona's path is absolute, or relative to the checkout."""
    with pytest.raises(InvalidInput, match=r"no/such.yaml: cannot be read: No such file or directory - name a file"):
        load("no/such.yaml", None)


def test_a_patch_is_checked(tmp_path: Path) -> None:
    """What is handed to Anvil as a JSON patch is one."""
    patch = '[{"op": "remove",\n "paht": "/nova"}]'
    said = complaints(tmp_path, PERSONA, ORIGINS, mode="classic", origins_patch=patch)
    assert said == ["<text>:1:2: [0]: lacks the key 'path' - add `path:`"]


def test_an_anvil_of_rallys_is_one_here() -> None:
    """`AnvilEngine` with a provider of Rally's is the engine `anvil`."""
    servers = {"type": "ExistingServers", "credentials": [{"host": "192.0.2.1", "user": "root"}]}
    text = yaml.safe_dump({"type": "AnvilEngine", "persona": PERSONA, "mode": "classic", "provider": servers})
    spec = load_spec(text, file="r.json")
    assert (spec.engine, spec.options["mode"]) == ("anvil", "classic")
    assert spec.provider is not None
    assert spec.provider.type == "existing"


def test_native_plans_an_embedded_cloud(tmp_path: Path) -> None:
    """The steps are those of the engine `embedded` with the persona's services, after one that tells."""
    data = {"name": "forged", "engine": "anvil", "persona": PERSONA, "embedded": {"memory_gb_min": 0, "disk_gb_min": 0}}
    spec = load_spec(yaml.safe_dump(data), file="forged.yaml")
    nodes = [Node(LOCAL, LocalHost(), str(tmp_path / "root"))]
    first, *rest = ENGINES["anvil"].plan(spec, nodes, a_site(tmp_path)).steps
    assert (first.name, "echo 'db: MariaDB'" in first.script) == ("persona", True)
    schemas = [step.name.removeprefix("schema of ") for step in rest if step.name.startswith("schema of ")]
    assert schemas == ["keystone", "glance", "neutron", "placement", "nova"]
    assert {service.state for service in ENGINES["anvil"].status(spec, nodes)} <= {"STOPPED"}


@pytest.mark.full
def test_a_persona_is_deployed_for_real(tmp_path: Path) -> None:
    """keystone, glance and nova become a cloud that stands, boots a server, and goes; the command line tells of it."""
    (tmp_path / "persona.yaml").write_text(PERSONA)
    (tmp_path / "origins.yaml").write_text(ORIGINS)
    spec = tmp_path / "forged.yaml"
    files = {"persona": str(tmp_path / "persona.yaml"), "origins": str(tmp_path / "origins.yaml")}
    spec.write_text(yaml.safe_dump({"name": "forged", "engine": "anvil", **files}, sort_keys=False))
    home = tmp_path / "home"

    def cloud(*words: str) -> str:
        ran = subprocess.run(
            [sys.executable, "-m", "rallycross.cli", "cloud", *words],
            env={**os.environ, "RALLYCROSS_HOME": str(home), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
            timeout=1500,
        )
        said = ran.stdout + ran.stderr
        assert ran.returncode == 0, said
        return said

    try:
        assert "and placement, neutron, needed by nova" in cloud("create", str(spec))
        assert "cloud forged is up" in cloud("check", "forged")
        assert "glance: today's release, not 2014.2.1" in cloud("show", "forged")
        api = Cloud.from_file(home / "clouds.yaml", "forged").connect()
        types = {service.type for service in api.identity.services()}
        assert types == {"identity", "image", "placement", "compute", "network"}
        network = api.network.create_network(name="forged")
        api.network.create_subnet(network_id=network.id, cidr="10.99.0.0/24", ip_version=4)
        server = api.compute.create_server(
            name="forged",
            image_id=api.image.find_image("cirros").id,
            flavor_id=api.compute.find_flavor("m1.nano").id,
            networks=[{"uuid": network.id}],
        )
        assert api.compute.wait_for_server(server, interval=0.5, wait=120).status == "ACTIVE"
    finally:
        cloud("destroy", "forged")
    assert not (home / "clouds" / "forged").exists()
