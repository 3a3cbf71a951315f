"""Facts become a tempest.conf that tempest itself can read, with a reason for each option."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path, PurePath

import pytest
from verifiable_cloud import VerifiableCloud

from rallycross.cloud.access import v3
from rallycross.cloud.cloud import Cloud
from rallycross.verification.accounts import Accounts
from rallycross.verification.configuration import Configuration, choose_flavors, choose_images, configure
from rallycross.verification.discovery import discover
from rallycross.verification.environments import Environment
from rallycross.verification.facts import Admin, Backend, Endpoint, Facts, Flavor, Image, Keystone, Network
from rallycross.verification.tempest import Tempest

ADMIN = Admin(
    domain="tempest-1-domain",
    domain_id="d1",
    project="tempest-1-admin",
    username="tempest-1-admin",
    password="p$a%ss=w #1",
)
FACTS = Facts(
    keystone=Keystone("http://127.0.0.1:5000/v3", region="RegionOne", ca_file="/etc/ca.pem"),
    services=frozenset({"compute", "image", "network", "block-storage"}),
    endpoints={
        "compute": Endpoint("compute", region="R2"),
        "image": Endpoint("image", "internal"),
        "network": Endpoint("network"),
        "placement": Endpoint("placement"),
        "block-storage": Endpoint("volumev3", "internal"),
        "object-store": Endpoint("object-store"),
    },
    images=(Image("i1", "cirros", 100), Image("i2", "cirros-alt", 200)),
    flavors=(Flavor("f1", "nano", 128, 1), Flavor("f2", "micro", 192, 1)),
    external_networks=(Network("n1", "public"),),
    network_extensions=("router", "port-security"),
    compute_microversions=("2.1", "2.103"),
    volume_microversions=("3.0", "3.71"),
    hypervisor_types=frozenset({"fake"}),
    compute_hosts=3,
    volume_backends=(Backend("memory", "Rallycross", "none"),),
    volume_services=frozenset({"cinder-volume"}),
)


def conf(facts: Facts = FACTS, **overrides: str) -> Configuration:
    """Return the configuration for these facts."""
    return configure(
        facts,
        ADMIN,
        folder=PurePath("/w"),
        prefix="tempest-1",
        overrides={key.replace("__", "."): value for key, value in overrides.items()},
    )


def values(configuration: Configuration) -> dict[str, str]:
    """Return the options by `section.name`."""
    return {option.key: option.value for option in configuration.options}


def test_tempest_reads_every_option_as_it_was_meant(tmp_path: Path) -> None:
    """Tempest knows each option, accepts its value, and reads back the same value, also of the password."""
    configuration = configure(FACTS, ADMIN, folder=tmp_path, prefix="tempest-1")
    (tmp_path / "tempest.conf").write_text(configuration.text())
    (tmp_path / "logs").mkdir()
    script = """
import json, sys
from tempest.config import CONF
for section, name, value in json.load(sys.stdin):
    group = CONF if section == "DEFAULT" else getattr(CONF, section.replace("-", "_"))
    if section == "DEFAULT" and name in ("log_dir", "log_file"):
        continue  # oslo.log's own
    if section == "oslo_concurrency":
        from tempest.lib.common.utils import data_utils
        from oslo_concurrency import lockutils
        assert lockutils.get_lock_path(CONF) == value
        continue
    found = getattr(group, name)
    said = ",".join(found) if isinstance(found, list) else str(found)
    assert said == value or said.lower() == value, (section, name, said, value)
print("read")
"""
    options = json.dumps([[option.section, option.name, option.value] for option in configuration.options])
    ran = subprocess.run(
        [sys.executable, "-c", script],
        input=options,
        env=Tempest(Environment.own()).environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout == "read\n", ran.stderr


def test_every_decision_has_a_reason_and_no_secret_is_shown() -> None:
    """Each option in a report has a reason, and the password is not shown."""
    shown = conf().shown()
    assert all(option["why"] for option in shown.values())
    assert shown["auth.admin_password"]["value"] == "***"
    assert ADMIN.password not in str(shown)
    assert ADMIN.password not in repr(ADMIN)


def test_what_the_cloud_lacks_is_not_tested() -> None:
    """A service that is not in the catalog is switched off and has no other option."""
    found = values(conf(replace(FACTS, services=frozenset({"image"}), endpoints={"image": Endpoint("image")})))
    assert found["service_available.nova"] == found["service_available.cinder"] == "false"
    assert found["service_available.glance"] == "true"
    assert not [key for key in found if key.startswith(("compute", "volume", "network"))]


def test_features_follow_the_facts() -> None:
    """One compute host means no migration, no external network no floating IP, no backup service no backup."""
    several = values(conf())
    assert several["compute-feature-enabled.cold_migration"] == "true"
    assert several["network-feature-enabled.floating_ips"] == "true"
    assert several["volume-feature-enabled.backup"] == "false"
    one = values(
        conf(
            replace(
                FACTS,
                compute_hosts=1,
                external_networks=(),
                volume_services=frozenset({"cinder-backup"}),
                volume_backends=(Backend("a"), Backend("b")),
            )
        )
    )
    assert one["compute-feature-enabled.cold_migration"] == "false"
    assert one["network-feature-enabled.floating_ips"] == "false"
    assert "network.public_network_id" not in one
    assert one["volume-feature-enabled.backup"] == "true"
    assert one["volume-feature-enabled.multi_backend"] == "true"
    assert one["volume.backend_names"] == "a,b"


def test_what_a_plugin_verifies_is_off_where_the_cloud_lacks_it() -> None:
    """The option of a plugin's service is written only if the plugin is installed."""
    name = "service_available.load_balancer"
    plugin = {"tempest": "47.0.0", "octavia-tempest-plugin": "3.5.0"}
    without = configure(FACTS, ADMIN, folder=PurePath("/w"), prefix="tempest-1", packages=plugin)
    assert without.shown()[name] == {"value": "false", "why": "the catalog has no service of the type load-balancer"}
    facts = replace(FACTS, services=FACTS.services | {"load-balancer"})
    there = configure(facts, ADMIN, folder=PurePath("/w"), prefix="tempest-1", packages=plugin)
    assert values(there)[name] == "true"
    assert name not in values(conf(facts))


def test_the_external_network_says_where_it_comes_from() -> None:
    """A created network has that as its reason; if none could be created, the option has the error of the cloud."""
    made = conf(replace(FACTS, external_networks=(Network("n2", "tempest-1-public", made=True),))).shown()
    assert "created for this run, and deleted after it" in made["network.public_network_id"]["why"]
    refused = conf(replace(FACTS, external_networks=(), no_external_network="none, and 403")).shown()
    assert refused["network-feature-enabled.floating_ips"] == {"value": "false", "why": "none, and 403"}


def test_services_are_looked_for_as_the_catalog_has_them() -> None:
    """Type and interface of every service, also of plugins, are those of the catalog and the cloud's entry."""
    octavia = replace(FACTS, endpoints={**FACTS.endpoints, "load-balancer": Endpoint("load-balancer", "internal")})
    found = values(configure(octavia, ADMIN, folder=PurePath("/w"), prefix="t", packages=["octavia-tempest-plugin"]))
    assert (found["volume.catalog_type"], found["volume.endpoint_type"]) == ("volumev3", "internalURL")
    assert (found["image.endpoint_type"], found["network.endpoint_type"]) == ("internalURL", "publicURL")
    assert (found["object-storage.catalog_type"], found["placement.endpoint_type"]) == ("object-store", "public")
    assert (found["compute.region"], "image.region" in found) == ("R2", False)
    assert found["load_balancer.endpoint_type"] == "internalURL"
    assert "load_balancer.endpoint_type" not in values(conf(octavia))


def test_plugins_that_nobody_knows_are_told_as_well() -> None:
    """An unknown plugin's sections say which service they are for, and how they write an interface."""
    kinds = ("baremetal", "container-infrastructure-management", "orchestration", "load-balancer")
    cloud = replace(FACTS, endpoints={kind: Endpoint(kind, "internal", "R2") for kind in kinds})
    sections = {
        "baremetal": {"catalog_type": "baremetal", "endpoint_type": "publicURL"},
        "magnum": {"catalog_type": "container-infra", "endpoint_type": "public", "region": ""},
        "metric": {"catalog_type": "metric", "endpoint_type": "publicURL"},
        "messaging": {"catalog_type": "messaging"},
        "heat_plugin": {"catalog_type": "orchestration", "endpoint_type": "public"},
        "identity": {"catalog_type": "identity"},
    }
    packages = ["heat-tempest-plugin"]
    found = values(configure(cloud, ADMIN, folder=PurePath("/w"), prefix="t", packages=packages, sections=sections))
    assert (found["baremetal.endpoint_type"], "baremetal.region" in found) == ("internalURL", False)
    assert found["magnum.catalog_type"] == "container-infrastructure-management"
    assert (found["magnum.endpoint_type"], found["magnum.region"]) == ("internal", "R2")
    assert found["heat_plugin.endpoint_type"] == "internal"
    assert not {"metric.catalog_type", "messaging.catalog_type", "identity.catalog_type"} & found.keys()


def test_a_cloud_with_internal_endpoints_and_old_names_is_asked_by_them() -> None:
    """Discovery uses the same endpoints as the benchmark, and tempest has the same ones."""
    with VerifiableCloud() as small:
        services = {"identity": "v3", "compute": "v2.1", "image": "v2", "network": "v2.0", "volumev3": "v3"}
        small.catalog = [
            {
                "type": kind,
                "name": kind,
                "endpoints": [
                    {"interface": interface, "region": "R", "region_id": "R", "url": f"{host}/{path}/{version}"}
                    for interface, host in (("public", "http://127.0.0.1:9"), ("internal", small.url))
                ],
            }
            for kind, version in services.items()
            for path in ("block-storage" if kind == "volumev3" else kind,)
        ]
        cloud = Cloud("small", {**small.cloud().config, "interface": "internal"})
        facts = discover(cloud, cloud.connect())
    assert facts.services == {"compute", "image", "network", "block-storage"}
    assert facts.endpoints["block-storage"] == Endpoint("volumev3", "internal")
    found = {key: value for key, value in values(conf(facts)).items() if key.endswith("endpoint_type")}
    assert set(found.values()) == {"internalURL"}


def test_overrides_have_the_last_word() -> None:
    """An option of the user replaces the derived value, or is added."""
    found = conf(validation__run_validation="true", compute__build_timeout="60")
    assert values(found)["validation.run_validation"] == "true"
    assert values(found)["compute.build_timeout"] == "60"
    assert found.shown()["compute.build_timeout"]["why"] == "asked for"


def test_accounts_that_were_given_take_the_place_of_an_administrator() -> None:
    """With a file of accounts no administrator is created, and no password is written."""
    given = Accounts("/etc/accounts.yaml", ({"roles": ["member"]}, {"types": ["admin"]}))
    made = configure(FACTS, None, folder=PurePath("/w"), prefix="tempest-1", accounts=given)
    found = values(made)
    assert made.shown()["auth.test_accounts_file"]["why"] == "2 accounts were given: 1 admin, 1 member"
    assert found["auth.use_dynamic_credentials"] == "false"
    assert found["auth.test_accounts_file"] == "/etc/accounts.yaml"
    assert not [key for key in found if key.startswith("auth.admin_")]


def test_small_test_images_are_chosen_first() -> None:
    """Rally's test images precede smaller ones of other names; a single image is used twice."""
    ubuntu, cirros, tiny = Image("u", "ubuntu", 900), Image("c", "Cirros-0.6.3", 20), Image("t", "tiny", 1)
    assert choose_images([ubuntu, tiny, cirros]) == (cirros, tiny)
    assert choose_images([ubuntu]) == (ubuntu, ubuntu)
    assert choose_images([]) is None


def test_the_other_flavor_is_not_smaller_in_anything() -> None:
    """A server can be resized from the first flavor to the second; a single flavor is used twice."""
    nano, odd, micro = Flavor("1", "nano", 128, 1), Flavor("2", "odd", 192, 0), Flavor("3", "micro", 256, 1)
    assert choose_flavors([micro, odd, nano]) == (nano, micro)
    assert choose_flavors([nano, odd]) == (nano, nano)
    assert choose_flavors([]) is None


@pytest.mark.parametrize("given", ["http://k", "http://k/", "http://k/v3", "http://k/v3/", "http://k/v2.0"])
def test_keystone_is_addressed_as_version_3(given: str) -> None:
    """Whichever of keystone's URLs the entry has, tempest has the one of version 3."""
    assert v3(given) == "http://k/v3"


def test_fake_hypervisors_are_told_from_real_ones() -> None:
    """Servers are fake only if all hypervisors are."""
    assert FACTS.fake_hypervisors
    assert not replace(FACTS, hypervisor_types=frozenset({"fake", "QEMU"})).fake_hypervisors
    assert not replace(FACTS, hypervisor_types=frozenset()).fake_hypervisors
