"""A cloud that stands: signed in to over HTTP, and left alone."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from sites import a_site
from small_cloud import ADMIN, SmallCloud
from told import Told

from rallycross import deployment
from rallycross.cloud.access import SignIn
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.reach import check_clock
from rallycross.errors import RallycrossError


def _spec(**keys: object) -> deployment.CloudSpec:
    text = yaml.safe_dump({"name": "mine", "engine": "existing", **keys})
    return deployment.load_spec(text, file="c.yaml")


@pytest.fixture
def clouds_yaml(tmp_path: Path, small_cloud: SmallCloud) -> Path:
    """Write a clouds.yaml that has the small cloud."""
    path = tmp_path / "clouds.yaml"
    path.write_text(yaml.safe_dump({"clouds": {"small": small_cloud.cloud().config, "mine": {"auth": {}}}}))
    return path


def test_a_cloud_of_a_file_is_signed_in_to(
    clouds_yaml: Path, small_cloud: SmallCloud, tmp_path: Path, told: Told
) -> None:
    """A clouds.yaml is read on this machine; its entry comes back under the spec's name, with what was found."""
    spec = _spec(clouds_yaml=str(clouds_yaml), cloud="small", interface="public")
    deployed = deployment.deploy(spec, a_site(tmp_path, tell=told))
    assert deployed.cloud_name == "mine"
    entry = yaml.safe_load(deployed.clouds_yaml_text)["clouds"]["mine"]
    assert entry == {**small_cloud.cloud().config, "interface": "public"}
    assert deployed.environment == {
        "auth_url": f"{small_cloud.url}/identity/v3",
        "services": ["block-storage", "compute", "identity", "image", "network"],
    }
    assert [(event.name, event.status, event.total) for event in told] == [
        ("sign-in", "running", 1),
        ("sign-in", "done", 1),
    ]
    assert not (tmp_path / "root").exists()


def test_the_clouds_own_users_come_with_it(small_cloud: SmallCloud, tmp_path: Path, told: Told) -> None:
    """Entries beside the cloud's, numbered from 0 without a gap, become its users under the spec's name."""
    path, entry = tmp_path / "clouds.yaml", small_cloud.cloud().config
    names = ["small", "small-user-0", "small-user-1", "small-user-3", "other-user-0"]
    path.write_text(yaml.safe_dump({"clouds": {name: {**entry, "image_format": name} for name in names}}))
    spec = _spec(clouds_yaml=str(path), cloud="small", interface="public")
    kept = tmp_path / "kept.yaml"
    kept.write_text(deployment.deploy(spec, a_site(tmp_path, tell=told)).clouds_yaml_text)
    cloud = Cloud.from_file(kept, "mine")
    assert [user.name for user in cloud.users] == ["mine", "mine"]
    assert [user.config["image_format"] for user in cloud.users] == ["small-user-0", "small-user-1"]
    assert {user.config["interface"] for user in cloud.users} == {"public"}


def test_a_file_below_the_home_is_found(
    clouds_yaml: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    """`~/` means the home on the host."""
    monkeypatch.setenv("HOME", str(clouds_yaml.parent))
    spec = _spec(clouds_yaml="~/clouds.yaml", cloud="small")
    assert deployment.deploy(spec, a_site(tmp_path, tell=told)).cloud_name == "mine"


def test_a_cloud_can_stand_in_the_spec(small_cloud: SmallCloud, tmp_path: Path, told: Told) -> None:
    """A spec with `auth` needs no file."""
    auth = {"auth_url": f"{small_cloud.url}/identity/v3", **ADMIN}
    deployed = deployment.deploy(_spec(auth=auth), a_site(tmp_path, tell=told))
    assert yaml.safe_load(deployed.clouds_yaml_text) == {"clouds": {"mine": {"auth": auth}}}


def test_a_wrong_password_fails_the_step(small_cloud: SmallCloud, tmp_path: Path, told: Told) -> None:
    """A refused sign-in is the step's failure, and its message does not have the password."""
    auth = {"auth_url": f"{small_cloud.url}/identity/v3", **ADMIN, "password": "hush-hush"}
    with pytest.raises(RallycrossError, match="cloud mine: admin cannot sign in at") as caught:
        deployment.deploy(_spec(auth=auth), a_site(tmp_path, tell=told))
    assert (told[-1].status, told[-1].error) == ("failed", str(caught.value))
    assert "hush-hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ": cannot be read: No such file or directory - name the file that has the cloud"),
        ("clouds: 5", " is not a clouds.yaml - name a file that has `clouds:`"),
        ("[]", " is not a clouds.yaml"),
        ("clouds:\n  c:\n    auth:\n      a: b\n     c: d\n", ":5:6: not valid YAML: expected <block end>"),
        ("clouds: {a: {}, b: {}}", " has no cloud 'mine' - it has: a, b"),
        ("clouds: {mine: }", ": the cloud 'mine' is not a mapping"),
        ("clouds: {mine: {auth: 5}}", ": the cloud 'mine': its `auth` is not a mapping"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, told: Told, content: str | None, words: str) -> None:
    """What is wrong with a clouds.yaml is said with its path and line, and what to do."""
    path = tmp_path / "clouds.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(RallycrossError) as caught:
        deployment.deploy(_spec(clouds_yaml=str(path)), a_site(tmp_path, tell=told))
    assert str(caught.value).startswith(f"c.yaml: clouds_yaml: {path}{words}")
    assert told.statuses() == {"sign-in": "failed"}


def test_missing_certificates_are_named(clouds_yaml: Path, tmp_path: Path, told: Told) -> None:
    """A `cacert` that is not there is said with its path."""
    config = yaml.safe_load(clouds_yaml.read_text())
    config["clouds"]["small"]["auth"]["auth_url"] = "https://127.0.0.1:9/v3"
    clouds_yaml.write_text(yaml.safe_dump(config))
    spec = _spec(clouds_yaml=str(clouds_yaml), cloud="small", cacert="/nowhere.pem")
    with pytest.raises(RallycrossError, match=r"/nowhere\.pem"):
        deployment.deploy(spec, a_site(tmp_path, tell=told))


def test_its_services_are_those_of_its_catalog(clouds_yaml: Path, small_cloud: SmallCloud, tmp_path: Path) -> None:
    """Status shows the catalog while one can sign in, and why not where one cannot."""
    spec = _spec(clouds_yaml=str(clouds_yaml), cloud="small")
    services = deployment.status(spec, a_site(tmp_path))
    assert [(service.name, service.state) for service in services] == [
        (kind, "RUNNING") for kind in ("block-storage", "compute", "identity", "image", "network")
    ]
    assert services[1].detail == f"{small_cloud.url}/compute/v2.1"
    small_cloud.refuse["POST identity"] = 503
    (failed,) = deployment.status(spec, a_site(tmp_path))
    assert (failed.name, failed.state) == ("identity", "FAILED")
    assert "503" in failed.detail


def test_it_is_never_ended(clouds_yaml: Path, small_cloud: SmallCloud, tmp_path: Path, told: Told) -> None:
    """Stopping and destroying send the cloud nothing, and touch nothing on the host."""
    spec, before = _spec(clouds_yaml=str(clouds_yaml), cloud="small"), sorted(tmp_path.iterdir())
    deployment.stop(spec, a_site(tmp_path))
    deployment.destroy(spec, a_site(tmp_path, tell=told))
    assert small_cloud.requests == []
    assert (sorted(tmp_path.iterdir()), told) == (before, [])


def test_its_logs_are_elsewhere(clouds_yaml: Path, tmp_path: Path) -> None:
    """Asked for logs, it says where they are."""
    spec = _spec(clouds_yaml=str(clouds_yaml), cloud="small")
    with pytest.raises(RallycrossError, match="cloud mine: its logs are on its own machines"):
        deployment.logs(spec, a_site(tmp_path), service=None, lines=10)


def test_endpoints_that_lead_nowhere_are_told(small_cloud: SmallCloud, tmp_path: Path, told: Told) -> None:
    """One that does not answer is a failed service; where nothing but keystone can be reached, the cloud is refused."""
    names = {"identity": "identity/v3", "compute": "compute/v2.1", "network": "network/v2.0"}
    small_cloud.catalog = [
        {
            "type": kind,
            "name": kind,
            "endpoints": [{"interface": "public", "region": "R", "region_id": "R", "url": f"{small_cloud.url}/{path}"}],
        }
        for kind, path in names.items()
    ]
    spec = _spec(auth=small_cloud.cloud().config["auth"])
    small_cloud.catalog[1]["endpoints"][0]["url"] = "http://127.0.0.1:9/v2.1"
    deployment.deploy(spec, a_site(tmp_path, tell=told))
    states = {service.name: service for service in deployment.status(spec, a_site(tmp_path))}
    assert {name: service.state for name, service in states.items()} == {
        "identity": "RUNNING",
        "compute": "FAILED",
        "network": "RUNNING",
    }
    assert "http://127.0.0.1:9/v2.1" in states["compute"].detail
    small_cloud.catalog[2]["endpoints"][0]["url"] = "http://127.0.0.1:9/v2.0"
    with pytest.raises(RallycrossError, match=r"cloud mine: none of its public endpoints can be reached, such as .*: "):
        deployment.deploy(spec, a_site(tmp_path, tell=told))


def test_a_clock_that_is_behind_is_told(small_cloud: SmallCloud) -> None:
    """A token that is out of date when it comes leads to the clocks."""
    cloud = small_cloud.cloud()
    access = SignIn(cloud)()
    with pytest.raises(RallycrossError, match=r"the cloud's clock is .* s behind this machine's - set both clocks"):
        check_clock(cloud, access, datetime(2200, 1, 1, tzinfo=UTC))
