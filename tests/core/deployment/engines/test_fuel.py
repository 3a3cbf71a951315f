"""The engine `fuel` against a counterpart of Fuel's, over real HTTP, with the traps of the real one."""

import json
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from conformance import ConformanceHere, Ground
from fuel_master import RELEASE, FuelMaster
from sites import a_site
from told import Told

from rallycross import deployment
from rallycross.cloud.cloud import Cloud
from rallycross.deployment import CloudSpec, detached
from rallycross.deployment.engines.fuel.nailgun import Nailgun
from rallycross.deployment.failure import StepFailed
from rallycross.deployment.server import Server
from rallycross.deployment.site import Site
from rallycross.errors import InvalidInput, RallycrossError

NODES = {"controller": {"amount": 1}, "cinder+compute": {"amount": 2, "filters": ["ram>=4G", "cpus<=3"]}}
RALLYS = {
    "type": "FuelEngine",
    "deploy_name": "lab",
    "api_url": "http://10.20.0.2:8000/api/v1/",
    "mode": "ha_compact",
    "release": "Havana on Ubuntu 12.04",
    "net_provider": "neutron",
    "dns_nameservers": ["8.8.8.8"],
    "networks": {
        "public": {"cidr": "10.3.3.0/24", "gateway": "10.3.3.1", "ip_ranges": [["10.3.3.5", "10.3.3.9"]]},
        "floating": {"cidr": "10.3.3.0/24", "ip_ranges": [["10.3.3.10", "10.3.3.90"]]},
        "storage": {"vlan_start": 102},
    },
    "nodes": {"controller": {"amount": 1, "filters": ["storage>80G"]}, "compute": {"amount": 1}},
}
URL = os.environ.get("RALLYCROSS_LIVE_NAILGUN_URL", "")


def a_spec(fuel: FuelMaster, **options: Any) -> CloudSpec:
    """Return the spec of a cloud of this Fuel's."""
    data = {"name": "fuels", "engine": "fuel", "api_url": fuel.url, "password": "hush", "release": RELEASE}
    return deployment.load_spec(yaml.safe_dump({**data, "nodes": NODES, **options}), file="fuels.yaml")


@pytest.fixture(name="fuel")
def _fuel() -> Iterator[FuelMaster]:
    with FuelMaster() as fuel:
        yield fuel


@pytest.fixture(name="site")
def _site(tmp_path: Path) -> Site:
    return a_site(tmp_path, name="fuels")


def roles(fuel: FuelMaster) -> dict[str, list[str]]:
    """Return the roles of the nodes that have any, by the last digit of their mac."""
    return {node["mac"][-1]: node["roles"] for node in fuel.nodes.values() if node["roles"]}


def test_a_cloud_is_deployed_taken_up_and_destroyed(fuel: FuelMaster, site: Site) -> None:
    """Nodes, networks and attributes are as the spec has them, a second deploy changes nothing, a destroy ends it."""
    spec = a_spec(
        fuel,
        deploy_name="lab",
        networks={"public": {"gateway": "10.3.3.1"}, "floating": {"ip_ranges": [["10.3.3.10", "10.3.3.90"]]}},
        attributes={"common": {"libvirt_type": "qemu"}},
    )
    cloud = deployment.deploy(spec, site)
    entry = yaml.safe_load(cloud.clouds_yaml_text)["clouds"]["fuels"]
    assert entry["auth"]["auth_url"] == "http://172.16.0.3:5000/v3"
    assert (entry["auth"]["password"], entry["region_name"]) == ("cloud-hush", "RegionOne")
    assert cloud.environment == {"engine": "fuel", "release": RELEASE, "mode": "ha_compact", "fuel": "10.0", "nodes": 3}
    assert roles(fuel) == {"1": ["controller"], "2": ["cinder", "compute"], "3": ["cinder", "compute"]}
    hidden = fuel.of("lab")["hidden"]
    assert hidden["networks"]["networking_parameters"]["floating_ranges"] == [["10.3.3.10", "10.3.3.90"]]
    assert [one["gateway"] for one in hidden["networks"]["networks"]] == [None, "10.3.3.1", None, None, None]
    assert hidden["attributes"]["common"]["libvirt_type"] == {"value": "qemu", "type": "radio"}
    states = [(service.name[:11], service.state) for service in deployment.status(spec, site)]
    assert states == [("environment", "RUNNING"), *[("node Untitl", "RUNNING")] * 3]
    told = Told()
    deployment.deploy(spec, a_site(Path(site.root).parent, ledger=site.ledger, tell=told, name="fuels"))
    assert [name for name, state in told.statuses().items() if state == "done"] == ["sign in", "credentials"]
    assert (fuel.sent("POST", "clusters"), fuel.sent("PUT", "changes")) == (1, 1)
    fuel.nodes[2]["online"] = False
    assert [service.state for service in deployment.status(spec, site)].count("OFFLINE") == 1
    for _ in range(2):
        deployment.destroy(spec, site)
        assert (fuel.clusters, site.ledger.standing()) == ({}, [])
    assert {node["status"] for node in fuel.nodes.values()} == {"discover"}
    assert deployment.status(spec, site) == []


def test_lost_answers_make_nothing_twice(fuel: FuelMaster, site: Site) -> None:
    """If Fuel has processed a request whose answer was lost, the result is found."""
    fuel.lost = [("POST", "clusters$"), ("PUT", "nodes$"), ("PUT", "verify"), ("PUT", "changes"), ("GET", "tasks/")]
    spec = a_spec(fuel)
    deployment.deploy(spec, site)
    assert [fuel.sent("POST", "clusters$"), fuel.sent("PUT", "verify"), fuel.sent("PUT", "changes")] == [1, 1, 1]
    note = Path(site.root) / "fuel" / "environment"
    note.write_text(json.dumps({"name": "fuels", "id": None}))  # as if killed before the answer came
    fuel.lost = [("DELETE", "clusters")]
    deployment.destroy(spec, site)
    assert (fuel.clusters, fuel.sent("DELETE", "clusters"), fuel.lost) == ({}, 1, [])


def test_a_deployment_in_progress_is_followed(fuel: FuelMaster, site: Site) -> None:
    """Where the step itself was killed, as by a restart of this machine, Fuel goes on and is not asked again."""
    spec, fuel.pace = a_spec(fuel), 1.0

    def kill() -> None:
        deadline = time.monotonic() + 60
        while not fuel.sent("PUT", "changes") and time.monotonic() < deadline:
            time.sleep(0.05)
        detached.kill(site.here.host, site.root, ["deploy"])

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(StepFailed, match="ended without an exit code"):
        deployment.deploy(spec, site)
    killer.join()
    deployment.deploy(spec, site)
    assert fuel.sent("PUT", "changes") == 1
    deployment.destroy(spec, site)


def test_a_failed_deployment_says_task_and_nodes(fuel: FuelMaster, site: Site) -> None:
    """The failure has the task's message and what each node says; the next deploy has Fuel go on, and adds nodes."""
    spec = a_spec(fuel)
    fuel.fails["deploy"] = "Deployment has failed. Critical nodes are not ready."
    fuel.broken_node, fuel.gone_node = "2", "3"
    with pytest.raises(StepFailed) as caught:
        deployment.deploy(spec, site)
    failure = caught.value.failures[0]
    *said, last = failure.last
    assert (failure.step, failure.code) == ("deploy", 1)
    assert "(64:60:46:2e:8c:02), cinder+compute: failed at deploy: puppet has died" in "\n".join(said)
    assert "(64:60:46:2e:8c:03), cinder+compute: offline, in the state provisioned" in "\n".join(said)
    assert last.endswith("deploy failed: Deployment has failed. Critical nodes are not ready.")
    fuel.nodes[3]["online"] = True
    deployment.deploy(spec, site)
    assert roles(fuel).keys() == {"1", "2", "3"}
    more = a_spec(fuel, nodes={"controller": {"amount": 1}, "cinder+compute": {"amount": 3}})
    deployment.deploy(more, site)
    assert roles(fuel).keys() == {"1", "2", "3", "4"}
    deployment.destroy(more, site)


def test_a_cloud_with_a_certificate_of_fuels_own_needs_it(fuel: FuelMaster, site: Site, tmp_path: Path) -> None:
    """Where Fuel has made the certificate, which it does not give out, the spec says where it is."""
    options = {"attributes": {"public_ssl": {"services": True}}}
    with pytest.raises(
        RallycrossError, match="Fuel's API does not return the certificate that it generated - set `cacert`"
    ):
        deployment.deploy(a_spec(fuel, **options), site)
    (tmp_path / "ca.pem").write_text("PEM")
    cloud = deployment.deploy(a_spec(fuel, **options, cacert=f"{tmp_path}/ca.pem"), site)
    entry = yaml.safe_load(cloud.clouds_yaml_text)["clouds"]["fuels"]
    assert (entry["auth"]["auth_url"], cloud.ca) == ("https://public.fuel.local:5000/v3", "PEM")
    assert fuel.sent("PUT", "changes") == 1
    deployment.destroy(a_spec(fuel, **options), site)


@pytest.mark.parametrize("stays", [False, pytest.param(True, marks=pytest.mark.full)], ids=["stopped", "waited for"])
def test_a_destroy_ends_a_deployment(fuel: FuelMaster, site: Site, stays: bool) -> None:
    """An environment that is being deployed is stopped before it is deleted, or waited for if Fuel stops none."""
    spec = a_spec(fuel, timeout=60)
    deployment.deploy(spec, site)
    for node in fuel.nodes.values():
        node["pending_addition"] = True
    usual, fuel.stays, fuel.pace = fuel.pace, stays, 2.0 if stays else 3600.0
    fuel.changes(fuel.of("fuels")["id"])
    fuel.pace = usual
    deployment.destroy(spec, site)
    assert fuel.sent("PUT", "stop_deployment") == 1
    assert (fuel.clusters, site.ledger.standing()) == ({}, [])


def test_a_deletion_that_fails_is_told_and_can_be_asked_for_again(fuel: FuelMaster, site: Site) -> None:
    """A failed deletion is reported, the ledger keeps the environment, and a second destroy deletes it."""
    spec = a_spec(fuel)
    deployment.deploy(spec, site)
    fuel.fails["cluster_deletion"] = "node 2 does not answer"
    with pytest.raises(RallycrossError, match=r"task \d+ cluster_deletion failed: node 2 does not answer"):
        deployment.destroy(spec, site)
    assert ("step", "environment") in {(made.kind, made.name) for made in site.ledger.standing()}
    deployment.destroy(spec, site)
    assert (fuel.clusters, site.ledger.standing()) == ({}, [])


def test_what_others_have_made_is_left_alone(fuel: FuelMaster, site: Site) -> None:
    """An environment of that name that is not ours is refused, and a destroy does not touch it."""
    spec = a_spec(fuel)
    body = {"name": "fuels", "release": 2, "mode": "ha_compact", "net_provider": "neutron", "net_segment_type": "vlan"}
    fuel.post_cluster(body=body)
    with pytest.raises(
        StepFailed, match="environment fuels exists already in Fuel, and this deployment has not created it"
    ):
        deployment.deploy(spec, site)
    deployment.destroy(spec, site)
    assert fuel.of("fuels")["status"] == "new"
    assert site.ledger.standing() == []


def test_an_environment_that_is_gone_is_told(fuel: FuelMaster, site: Site) -> None:
    """What somebody has deleted in Fuel is missed by the next deploy, and no trouble to a destroy."""
    spec = a_spec(fuel)
    deployment.deploy(spec, site)
    fuel.clusters.clear()
    with pytest.raises(StepFailed, match="the environment fuels no longer exists in Fuel - destroy the cloud"):
        deployment.deploy(spec, site)
    assert [service.state for service in deployment.status(spec, site)] == ["FAILED"]
    deployment.destroy(spec, site)


def test_an_environment_that_is_gone_half_way_is_told(fuel: FuelMaster, site: Site) -> None:
    """If somebody deletes the environment, the next deploy fails at once, and one after a destroy succeeds."""
    with pytest.raises(StepFailed):
        deployment.deploy(a_spec(fuel, nodes={"controller": {"amount": 99}, "compute": {"amount": 1}}), site)
    fuel.clusters.clear()
    spec = a_spec(fuel)
    with pytest.raises(
        StepFailed, match="the environment fuels no longer exists in Fuel - destroy the cloud"
    ) as caught:
        deployment.deploy(spec, site)
    assert [failure.step for failure in caught.value.failures] == ["sign in"]
    deployment.destroy(spec, site)
    deployment.deploy(spec, site)
    deployment.destroy(spec, site)


def test_what_fuel_refuses_is_said(fuel: FuelMaster, site: Site) -> None:
    """Each refusal says what to mend, one after the other, and what was made till then goes with a destroy."""
    faults: list[tuple[dict[str, Any], str]] = [
        ({"password": "wrong"}, "refuses the sign-in of admin - set `username`, `password` and `project`"),
        (
            {"release": "Kilo"},
            "Fuel has no release 'Kilo' - set `release` to one of: 'Mitaka on Ubuntu 14.04'",
        ),
        ({"release": "mitaka-9.0"}, "Fuel cannot deploy its release 'mitaka-9.0' now"),
        ({"mode": "multinode"}, "400 Cannot deploy in multinode mode in current release"),
        ({"attributes": {"common": {"libvirt": "qemu"}}}, "no common.libvirt - it has: libvirt_type"),
        (
            {"nodes": {"controller": {"amount": 1}, "compute": {"amount": 9}}},
            "Fuel has too few nodes for compute: 9 ",
        ),
        ({"networks": {"publik": {"cidr": "10.0.0.0/8"}}}, "has no network 'publik' - it has: floating, manage"),
        (
            {"mode": "multinode"},
            "the environment has the mode ha_compact, which cannot be changed - destroy the cloud first",
        ),
        ({"deploy_name": "other"}, "the cloud's environment in Fuel is called fuels - set `deploy_name`"),
    ]
    for options, said in faults:
        with pytest.raises(StepFailed) as caught:
            deployment.deploy(a_spec(fuel, **options), site)
        assert said in str(caught.value)
    fuel.fails["verify_networks"] = "Some nodes do not see each other"
    with pytest.raises(StepFailed, match=r"task \d+ verify_networks failed: Some nodes do not see each other"):
        deployment.deploy(a_spec(fuel), site)
    assert fuel.sent("PUT", "changes") == 0
    deployment.destroy(a_spec(fuel), site)
    assert (fuel.clusters, site.ledger.standing()) == ({}, [])


def test_a_fuel_that_is_deaf_is_told(fuel: FuelMaster, tmp_path: Path) -> None:
    """A wrong address is reported after the patience, and nothing is left to destroy."""
    site = a_site(tmp_path, name="fuels", away=0)
    spec = a_spec(fuel, api_url="http://127.0.0.1:1/api/v1")
    with pytest.raises(StepFailed, match=r"does not answer: .* - check `api_url`"):
        deployment.deploy(spec, site)
    deployment.destroy(spec, site)
    assert site.ledger.standing() == []


def test_an_answer_without_measure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what answers in Fuel's place no more is read than an API's answer may have, and none is a traceback."""
    monkeypatch.setenv("RALLYCROSS_ANSWER_LIMIT", "1")

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(500 if self.path.endswith("wrong") else 200)
            self.end_headers()
            self.wfile.write(b"[" * 2_000_000 if "long" in self.path else b"[" * 200_000)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        access = {"api_url": f"http://127.0.0.1:{server.server_port}", "patience": 0, "verify": True}
        for path, words in (("long", "more than 1000000 bytes"), ("deep", "recursion"), ("wrong", "500")):
            with pytest.raises(RallycrossError, match=words) as caught:
                Nailgun(access).once("GET", path)
            assert len(str(caught.value)) < 5_000
        server.shutdown()


def test_rallys_file_is_a_spec() -> None:
    """A file of Rally's with all of its keys is taken as it is, with what Rally took for granted."""
    spec = deployment.load_spec(json.dumps(RALLYS), file="d.json")
    assert (spec.name, spec.engine, spec.options["net_segment_type"]) == ("fuel", "fuel", "gre")
    assert spec.options["nodes"]["controller"] == {"amount": 1, "filters": ["storage>80G"]}
    assert spec.options["nodes"]["compute"] == {"amount": 1, "filters": []}


def test_a_wrong_spec_is_complained_of() -> None:
    """Filters, roles, networks and the address are complained of with their places, all at once."""
    bad = {
        **RALLYS,
        "api_url": "10.20.0.2",
        "networks": {"public": {"cidrr": "10.3.3.0/24", "ip_ranges": ["10.3.3.5"]}, "storage": None},
        "nodes": {"controller": {"filters": []}, "compute": {"amount": 1, "filters": ["ram>lots"]}},
    }
    with pytest.raises(InvalidInput) as caught:
        deployment.load_spec(yaml.safe_dump(bad), file="d.yaml")
    said = str(caught.value)
    assert "api_url: must be a whole URL, as http://10.20.0.2:8000/api/v1" in said
    assert "networks.public.cidrr: unknown key - did you mean cidr?" in said
    assert "networks.public.ip_ranges: must be a list of pairs of addresses" in said
    assert "networks: lacks the key 'storage'" in said
    assert "nodes.controller: lacks the key 'amount'" in said
    assert "nodes.compute.filters: must compare with a whole number" in said
    with pytest.raises(InvalidInput, match="must have a compute"):
        deployment.load_spec(yaml.safe_dump({**RALLYS, "nodes": {"controller": {"amount": 1}}}), file="d.yaml")


@pytest.mark.full
class TestFuel(ConformanceHere):
    """One Fuel for all clouds of the suite."""

    injected = "credentials"
    kill_after = 0.1
    fuel: ClassVar[FuelMaster]

    @pytest.fixture(scope="class", autouse=True)
    @staticmethod
    def _up(request: pytest.FixtureRequest) -> Iterator[None]:
        with FuelMaster() as request.cls.fuel:
            yield

    def spec(self, name: str, servers: list[Server]) -> dict[str, Any]:
        """Return its spec."""
        del servers
        nodes = {"controller": {"amount": 1}, "compute": {"amount": 1}}
        given = {"api_url": self.fuel.url, "password": "hush", "release": RELEASE, "nodes": nodes}
        return {"name": name, "engine": "fuel", **given}

    def check(self, ground: Ground, spec: CloudSpec) -> None:
        """See the cloud's two nodes deployed, and nobody's else."""
        del ground
        cluster = self.fuel.of(spec.name)["id"]
        found = sorted(
            (node["roles"], node["status"]) for node in self.fuel.nodes.values() if node["cluster"] == cluster
        )
        assert found == [(["compute"], "ready"), (["controller"], "ready")]


@pytest.mark.full
@pytest.mark.skipif(not URL, reason="set RALLYCROSS_LIVE_NAILGUN_URL; else a counterpart is driven, see above")
def test_the_real_nailgun(site: Site) -> None:
    """The real one deploys the spec that the environment describes, can be used where one asks for it, and goes."""
    data = {
        "name": "fuels",
        "engine": "fuel",
        "api_url": URL,
        "release": os.environ.get("RALLYCROSS_LIVE_NAILGUN_RELEASE", RELEASE),
        "nodes": {"controller": {"amount": 1}, "compute": {"amount": 1}},
        **yaml.safe_load(os.environ.get("RALLYCROSS_LIVE_NAILGUN_SPEC", "{}")),
    }
    spec = deployment.load_spec(yaml.safe_dump(data), file="fuels.yaml")
    cloud = deployment.deploy(spec, site)
    if os.environ.get("RALLYCROSS_LIVE_NAILGUN_CLOUD"):  # in its FAKE_TASKS mode there is none
        entry = yaml.safe_load(cloud.clouds_yaml_text)["clouds"]["fuels"]
        assert list(Cloud("fuels", entry).connect().identity.services())
    deployment.destroy(spec, site)
    assert site.ledger.standing() == []
