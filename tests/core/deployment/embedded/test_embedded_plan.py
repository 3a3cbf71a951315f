"""The embedded cloud as data: its steps hold together, its files agree with each other, and nothing leaves loopback."""

import configparser
import json
import re
import subprocess
from dataclasses import replace
from graphlib import TopologicalSorter

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rallycross.deployment import load_spec
from rallycross.deployment.detached import fingerprint
from rallycross.deployment.embedded import packages
from rallycross.deployment.embedded.layout import SECRETS, EmbeddedOptions, Layout
from rallycross.deployment.embedded.options import OPTIONS, PORTS
from rallycross.deployment.embedded.parts import DIRECT, services
from rallycross.deployment.embedded.plan import clouds_yaml, steps
from rallycross.deployment.embedded.service import conf
from rallycross.deployment.step import Step
from rallycross.errors import InvalidInput


def layout(**options: object) -> Layout:
    """Return a cloud with distinct ports and secrets."""
    chosen = {name: option.default for name, option in OPTIONS.items()} | options
    ports = {name: 20001 + number for number, name in enumerate(PORTS)}
    secrets = {name: f"secret-of-{name}" for name in SECRETS}
    return Layout("one", "/srv/one", ports, secrets, EmbeddedOptions.of(chosen), machine={"cores": 2})


def files(cloud: Layout) -> dict[str, str]:
    """Return all files that the steps put."""
    return {path: text for step in steps(cloud) for path, text in step.files.items()}


def test_every_need_is_a_step() -> None:
    """The steps have names of their own, need only each other, and can be put in an order."""
    found = steps(layout())
    names = [step.name for step in found]

    assert len(set(names)) == len(names)
    assert {need for step in found for need in step.needs} <= set(names)
    assert set(TopologicalSorter({step.name: step.needs for step in found}).static_order()) == set(names)


def test_what_takes_longest_runs_side_by_side() -> None:
    """Packages and OpenStack itself are fetched at the same time, and so are the databases of all services made."""
    found = {step.name: step for step in steps(layout())}

    assert found["packages"].needs == found["environment"].needs == ()
    schemas = [step for step in found.values() if step.name.startswith("schema of ")]
    assert len(schemas) == 6
    assert {step.needs for step in schemas} == {("backing services",)}


def test_a_cloud_may_have_some_of_the_services() -> None:
    """Those that are left out have no step, no file, no database, no program and no user."""
    cloud = layout(services=["keystone", "glance", "placement", "nova", "neutron"])

    assert "schema of cinder" not in {step.name for step in steps(cloud)}
    assert [path for path in files(cloud) if "/etc/cinder/" in path] == []
    assert "CREATE DATABASE IF NOT EXISTS cinder" not in files(cloud)["/srv/one/etc/mariadb.sql"]
    assert "[program:cinder" not in files(cloud)["/srv/one/etc/supervisord.conf"]
    contents = json.loads(files(cloud)["/srv/one/etc/contents.json"])
    assert [entry["name"] for entry in contents["catalog"]] == ["glance", "neutron", "placement", "nova"]
    assert [user["name"] for user in contents["users"]] == ["glance", "neutron", "placement", "nova", "demo"]
    alone = layout(services=["keystone"])
    assert alone.compute_hosts == ()
    assert "nova" not in "".join(step.script for step in steps(alone) if step.name in {"contents", "services"})


def test_a_service_cannot_be_without_what_it_needs() -> None:
    """A complaint about nova alone names what nova needs; one about an unknown service names the known ones."""
    with pytest.raises(InvalidInput, match="must also have keystone and glance and neutron and placement, which"):
        load_spec("name: one\nengine: embedded\nservices: [nova]\n", file="one.yaml")
    with pytest.raises(InvalidInput, match=r"has the unknown service 'heat'; known services: keystone, "):
        load_spec("name: one\nengine: embedded\nservices: [heat]\n", file="one.yaml")


def test_the_same_cloud_has_the_same_steps() -> None:
    """Rendering the same cloud twice gives the same fingerprints, so that steps that are done are skipped."""

    def prints(cloud: Layout) -> list[str]:
        return [fingerprint(step) for step in steps(cloud)]

    assert prints(layout()) == prints(layout())
    assert prints(layout()) != prints(layout(compute_hosts=4))


def test_a_changed_file_restarts_who_reads_it() -> None:
    """Changing an option of nova's changes the programs of nova in the supervisor's file, and no others."""

    def programs(cloud: Layout) -> dict[str, dict[str, str]]:
        parser = configparser.RawConfigParser(inline_comment_prefixes=(" ;",))
        parser.read_string(files(cloud)[cloud.path("etc", "supervisord.conf")])
        return {name: dict(parser[name]) for name in parser.sections() if name.startswith("program:")}

    before, after = programs(layout()), programs(layout(password_hash_rounds=5))

    assert before.keys() == after.keys()
    assert {"program:keystone-api"} == {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize("path", sorted(files(layout())))
def test_nothing_listens_beyond_loopback(path: str) -> None:
    """No file names the address that means all of them."""
    assert "0.0.0.0" not in files(layout())[path]
    assert "[::]" not in files(layout())[path]


def test_what_asks_nobody_for_a_password_has_no_port() -> None:
    """The cache listens on a socket in the closed folder, where all of its clients look, and epmd is not run."""
    cloud = layout()
    named = {program.name: program.command for program in packages.programs(cloud)}
    text = "\n".join(files(cloud).values())

    assert named.keys() == {"mariadb", "memcached", "rabbitmq"}
    assert " -s memcached.sock -a 0600 " in named["memcached"]
    assert not re.search(r"memcached .* -[lpU] ", named["memcached"])
    servers = re.findall(r"^memcached?_servers = (.*)$", text, re.MULTILINE)
    assert (len(servers), set(servers)) == (6, {"unix:/proc/self/cwd/memcached.sock"})
    directories = re.findall(r"^directory = (.*)$", files(cloud)[cloud.path("etc", "supervisord.conf")], re.MULTILINE)
    assert set(directories) == {cloud.root}
    assert "-start_epmd false" in text


def test_on_several_hosts_the_same_holds() -> None:
    """Only the APIs and the message queue listen on the controller's address, and compute nodes know no cache."""
    there = replace(layout(), address="192.0.2.11", host="control", my_address="192.0.2.11")
    node = replace(there, root="/srv/node", host="compute-a", my_address="192.0.2.12", ports={})
    node = replace(
        node, ports={**{name: port for name, port in there.ports.items() if name != "mariadb"}, **node.ports}
    )
    cloud = replace(there, computes=(node,))
    put = [(step.hosts, path, text) for step in steps(cloud) for path, text in step.files.items()]

    listening = [
        line for _, _, text in put for line in text.splitlines() if re.search(r"listen|bind|sock|port =", line)
    ]
    beyond = [line for line in listening if re.search(r"(socket|bind-address=|listeners.tcp.1 = )\s*192", line)]
    assert len(beyond) == len(services(cloud)) + 1
    assert [line for line in listening if "bind-address=127.0.0.1" in line]
    assert [line for line in listening if line.startswith("port = ")] == []
    sockets = {line for line in listening if line.startswith("file = ")}
    assert sockets == {"file = /srv/one/supervisor.sock", "file = /srv/node/supervisor.sock"}
    on_node = [text for hosts, _, text in put if hosts == ("compute-a",)]
    assert len(on_node) > 5
    assert [text for text in on_node if "memcache" in text and "keystonemiddleware" not in text] == []


def test_every_api_serves_where_the_catalog_says() -> None:
    """The address in the catalog is the one on which the service's uWSGI listens."""
    for service in services(layout()):
        address = re.search(r"--http-socket (\S+)", service.programs[0].command)
        assert address is not None
        assert service.endpoint.startswith(f"http://{address[1]}")


def test_every_mariadb_behaves_as_openstack_knows_it() -> None:
    """What newer servers do otherwise is switched off, in a way that older ones, which do not know it, pass over."""
    (command,) = (program.command for program in packages.programs(layout()) if program.name == "mariadb")

    assert "--loose-innodb-snapshot-isolation=OFF" in command
    assert "--loose-character-set-collations= " in command
    assert "--collation-server=utf8mb4_general_ci" in command


def test_every_database_is_made() -> None:
    """The database server makes each database that a service's configuration names."""
    cloud = layout()
    made = set(re.findall(r"CREATE DATABASE IF NOT EXISTS (\w+)", files(cloud)[cloud.path("etc", "mariadb.sql")]))
    named = {name for text in files(cloud).values() for name in re.findall(r"mysql\+pymysql://[^/]+/(\w+)", text)}

    assert named == made


def test_compute_services_know_of_no_database() -> None:
    """nova-compute's file names no database: with one, nova would try to use it and fail."""
    cloud = layout()

    assert "mysql" not in files(cloud)[cloud.path("etc", "nova", "compute.conf")]
    assert "mysql" in files(cloud)[cloud.path("etc", "nova", "nova.conf")]


@pytest.mark.parametrize("services", [None, ["keystone", "neutron"]])
def test_a_cloud_is_ready_once_neutron_has_an_agent_for_each_compute_host(services: list[str] | None) -> None:
    """A deployment waits for the agents of exactly its compute hosts, and for none without nova."""
    cloud = layout(services=services, compute_hosts=2) if services else layout(compute_hosts=2)
    wanted = json.loads(files(cloud)["/srv/one/etc/contents.json"])["services"]
    (ready,) = (one["ready"] for one in wanted if one["type"] == "network")

    agents = [one["names"] for one in ready if one["path"] == "/v2.0/agents"]
    assert agents == ([] if services else [["compute-1", "compute-2"]])


def test_an_option_may_be_given_several_times() -> None:
    """A tuple is rendered as a line for each of its values."""
    assert conf({"a": {"b": ("c", 1)}}) == "[a]\nb = c\nb = 1\n"


@pytest.mark.parametrize("section", ["fernet_tokens", "fernet_receipts", "credential"])
def test_keystone_keeps_all_its_keys_in_the_clouds_folder(section: str) -> None:
    """No repository of keys is left to its default, a folder of the system's that is not there or not ours."""
    cloud = layout()
    parser = configparser.RawConfigParser()
    parser.read_string(files(cloud)[cloud.path("etc", "keystone", "keystone.conf")])

    assert parser[section]["key_repository"].startswith(f"{cloud.root}/")


def test_no_proxy_is_between_the_services() -> None:
    """Whatever starts services, asks them, or waits for them has forgotten the proxies that packages come through."""
    parts = r"bin/(ctl|cloud)\.py|bin/supervisord"
    asking = [step for step in steps(layout()) if re.search(parts, step.script)]
    assert len(asking) >= 5
    for step in asking:
        before = re.split(parts, step.script, maxsplit=1)[0]
        assert DIRECT in before, step.name
    proxies = {f"{kind}_proxy": "http://192.0.2.1:3128" for kind in ("http", "https", "all")}
    proxies |= {name.upper(): value for name, value in proxies.items()}
    ran = subprocess.run(["bash", "-euc", f"{DIRECT}env"], env=proxies, capture_output=True, text=True, check=True)
    assert "192.0.2.1" not in ran.stdout


def test_secrets_are_in_no_title() -> None:
    """What is shown of a step has no secret in it."""
    for step in steps(layout()):
        assert "secret-of-" not in step.name + step.title


def test_secrets_are_on_no_command_line() -> None:
    """What every user of the host can see of a process has no secret; Erlang reads its cookie from its home."""
    cloud = layout()
    for step in steps(cloud):
        # A variable before a command is its environment, which is its owner's.
        assert "secret-of-" not in re.sub(r"^\w+='[^']*' ", "", step.script, flags=re.MULTILINE), step.name
    for program in (*packages.programs(cloud), *(one for part in services(cloud) for one in part.programs)):
        becomes_arguments = [text for name, text in program.environment.items() if name.endswith("ARGS")]
        assert "secret-of-" not in " ".join([program.command, *becomes_arguments])

    (rabbitmq,) = (program for program in packages.programs(cloud) if program.name == "rabbitmq")
    assert files(cloud)[f"{rabbitmq.environment['HOME']}/.erlang.cookie"] == "secret-of-cookie"


def test_clouds_yaml_has_an_administrator_and_a_user() -> None:
    """Both entries sign in to the same keystone, each with its own password."""
    clouds = clouds_yaml(layout())["clouds"]

    assert clouds.keys() == {"one", "one-demo"}
    assert clouds["one"]["auth"]["password"] == "secret-of-admin"
    assert clouds["one-demo"]["auth"]["password"] == "secret-of-demo"
    assert json.loads(files(layout())["/srv/one/clouds.yaml"]) == yaml.safe_load(json.dumps({"clouds": clouds}))


def test_each_step_is_told_in_words() -> None:
    """Every step has a title for people, and the limit that the spec gives."""
    for step in steps(layout(step_limit_s=77.0)):
        assert isinstance(step, Step)
        assert step.title
        assert step.limit == 77.0


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.text("ab$1{}", max_size=8).map(str.strip)))
def test_a_value_stays_what_it_is(options: dict[str, str]) -> None:
    """oslo.config reads back what was rendered: a dollar sign refers to no other option."""
    from oslo_config import cfg, iniparser  # noqa: PLC0415 - comes with tempest

    lines = conf({"DEFAULT": dict(options)}).splitlines(keepends=True)
    parsed: dict[str, str] = {}

    class Parser(iniparser.BaseParser):
        def assignment(self, key: str, value: list[str]) -> None:
            parsed[key] = "\n".join(value)

        def new_section(self, section: str) -> None:
            assert section == "DEFAULT"

    Parser().parse(lines)
    reader = cfg.ConfigOpts()

    assert {name: reader._substitute(value) for name, value in parsed.items()} == options


def test_a_later_version_completes_a_cloud() -> None:
    """Steps that make a cloud's contents run again if there are more, and those of the databases if packages change."""

    def prints(**options: object) -> dict[str, str]:
        return {step.name: fingerprint(step) for step in steps(layout(**options))}

    before, after = prints(), prints(region="Two")

    assert {"identity", "contents"} <= {name for name in before if before[name] != after[name]}
    schemas = [step for step in steps(layout()) if step.name.startswith("schema of ")]
    assert {path for step in schemas for path in step.files} == {"/srv/one/etc/requirements.txt"}
