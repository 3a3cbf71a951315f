"""Decides on the tempest.conf for a cloud: from facts to options, each with its reason."""

import configparser
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from rallycross.cloud.catalog import official
from rallycross.cloud.service import TempestService, known_services
from rallycross.errors import RallycrossError
from rallycross.secret import shown_value
from rallycross.verification.accounts import Accounts
from rallycross.verification.facts import Admin, Facts, Flavor, Image, Keystone

SMALL_IMAGE = re.compile(r"cirros|testvm", re.IGNORECASE)  # the names that Rally looks for
TEST_SECONDS = 600  # after which tempest gives up a single test


@dataclass(frozen=True)
class TempestOption:
    """An option of tempest.conf, and the reason for its value."""

    section: str
    name: str
    value: str
    why: str

    @property
    def key(self) -> str:
        """Section and name, such as `compute.image_ref`."""
        return f"{self.section}.{self.name}"

    def shown(self) -> dict[str, str]:
        """Return value and reason, without secrets."""
        return {"value": shown_value(self.key, self.value), "why": self.why}


@dataclass(frozen=True)
class Configuration:
    """A tempest.conf."""

    options: tuple[TempestOption, ...]

    def text(self) -> str:
        """Return the text of the file. It contains a password: write it owner-only."""
        parser = configparser.RawConfigParser()
        parser.optionxform = str  # type: ignore[assignment, method-assign] # keep the case of names
        for option in self.options:
            if option.section != "DEFAULT" and not parser.has_section(option.section):
                parser.add_section(option.section)
            # oslo.config substitutes $name
            parser.set(option.section, option.name, option.value.replace("$", "$$"))
        file = io.StringIO()
        parser.write(file)
        return file.getvalue()

    def shown(self) -> dict[str, dict[str, str]]:
        """Return all options with their reasons, without secrets, by `section.name`."""
        return {option.key: option.shown() for option in self.options}


def configure(
    facts: Facts,
    admin: Admin | None,
    *,
    folder: PurePath,
    prefix: str,
    accounts: Accounts | None = None,
    packages: Collection[str] = (),
    sections: Mapping[str, Mapping[str, Any]] | None = None,
    overrides: Mapping[str, str] | None = None,
) -> Configuration:
    """Return the configuration for a cloud.

    `folder` is for tempest's logs and locks; `prefix` begins the names of all resources that the tests create.
    `accounts` are credentials that the tests share; without them `admin` creates some for each class. `packages` are
    the names of the packages installed with tempest: options of a plugin need the plugin. `sections` are sections of
    further plugins that say how a service is found in the catalog, with their defaults. `overrides` (`section.name` ->
    value) take precedence.
    """
    options = {
        option.key: option
        for part in (
            _own(folder, prefix),
            _credentials(admin, accounts),
            _identity(facts.keystone),
            _compute(facts),
            _image(),
            _network(facts),
            _volume(facts),
            _services(facts, packages),
            _endpoints(facts, packages, sections or {}),
            _endpoints_of_others(facts, packages, sections or {}),
        )
        for option in part
    }
    for key, value in (overrides or {}).items():
        section, _, name = key.rpartition(".")
        options[key] = TempestOption(section, name, value, "asked for")
    return Configuration(tuple(options.values()))


def check_places(options: Iterable[str]) -> None:
    """Raise if an option is not of the form `section.name`."""
    for key in options:
        section, _, name = key.rpartition(".")
        if not (section and name):
            raise RallycrossError(f"tempest option {key!r}: not of the form section.name, such as compute.image_ref")


def choose_images(images: Iterable[Image]) -> tuple[Image, Image] | None:
    """Return the image to boot and a second one, or the same twice: test images first, then by size."""
    ranked = sorted(images, key=lambda image: (not SMALL_IMAGE.search(image.name), image.size, image.name))
    return (ranked[0], ranked[min(1, len(ranked) - 1)]) if ranked else None


def choose_flavors(flavors: Iterable[Flavor]) -> tuple[Flavor, Flavor] | None:
    """Return the smallest flavor, and the next with at least its disk and CPUs, to resize a server to."""
    ranked = sorted(flavors, key=lambda flavor: (flavor.ram, flavor.disk, flavor.vcpus, flavor.name))
    if not ranked:
        return None
    first = ranked[0]
    bigger = (other for other in ranked[1:] if other.disk >= first.disk and other.vcpus >= first.vcpus)
    return first, next(bigger, first)


def _own(folder: PurePath, prefix: str) -> list[TempestOption]:
    why = "nothing is written outside the verifier's folder"
    return [
        TempestOption("DEFAULT", "log_dir", str(folder / "logs"), why),
        TempestOption("DEFAULT", "log_file", "tempest.log", why),
        TempestOption("oslo_concurrency", "lock_path", str(folder / "locks"), why),
        TempestOption("DEFAULT", "resource_name_prefix", prefix, "identifies the resources of this run"),
    ]


def _credentials(admin: Admin | None, accounts: Accounts | None) -> list[TempestOption]:
    if accounts is not None:
        return [
            TempestOption("auth", "use_dynamic_credentials", "false", "accounts were given"),
            TempestOption("auth", "test_accounts_file", accounts.file, accounts.summary),
        ]
    assert admin is not None  # it was created, since no accounts were given
    own = "created for this run, and deleted after it"
    return [
        TempestOption("auth", "use_dynamic_credentials", "true", "each test class gets a project and users of its own"),
        TempestOption("auth", "admin_username", admin.username, own),
        TempestOption("auth", "admin_password", admin.password, own),
        TempestOption("auth", "admin_project_name", admin.project, own),
        TempestOption("auth", "admin_domain_name", admin.domain, own),
        TempestOption("auth", "default_credentials_domain_name", admin.domain, own),
        TempestOption("identity", "default_domain_id", admin.domain_id, "a user may only see the own domain"),
    ]


def _identity(keystone: Keystone) -> list[TempestOption]:
    entry = "the cloud's entry"
    endpoint = f"{keystone.interface.removesuffix('URL')}URL"
    options = [
        TempestOption("identity", "uri_v3", keystone.auth_url, entry),
        TempestOption("identity", "auth_version", "v3", "keystone has no other version"),
        TempestOption("identity", "v3_endpoint_type", endpoint, entry),
        TempestOption("identity", "disable_ssl_certificate_validation", _bool(not keystone.verify), entry),
        TempestOption("identity-feature-enabled", "api_v2", "false", "keystone has only v3"),
        TempestOption("identity-feature-enabled", "api_v3", "true", "keystone has only v3"),
    ]
    if keystone.region:
        options.append(TempestOption("identity", "region", keystone.region, entry))
    if keystone.ca_file:
        options.append(TempestOption("identity", "ca_certificates_file", keystone.ca_file, entry))
    return options


def _compute(facts: Facts) -> list[TempestOption]:
    if "compute" not in facts.services:
        return []
    hosts = f"{facts.compute_hosts} nova-compute services are up and enabled"
    log_in = "servers of a fake hypervisor do not really run" if facts.fake_hypervisors else "not asked for"
    features = "compute-feature-enabled"
    several = _bool(facts.compute_hosts > 1)
    options = [
        TempestOption("compute", "min_compute_nodes", str(max(1, facts.compute_hosts)), hosts),
        TempestOption("validation", "run_validation", "false", f"tests do not log in to servers: {log_in}"),
        TempestOption(features, "resize", several, hosts),
        TempestOption(features, "cold_migration", several, hosts),
        TempestOption(features, "live_migration", "false", "whether hypervisors support it cannot be discovered"),
        TempestOption(features, "change_password", "false", "needs an agent in the server"),
        TempestOption(features, "attach_encrypted_volume", "false", "needs a key manager"),
        TempestOption(features, "vnc_console", "false", "whether there are consoles cannot be discovered"),
    ]
    if facts.hypervisor_types:
        kinds = ", ".join(sorted(facts.hypervisor_types))
        options.append(TempestOption("compute", "hypervisor_type", min(facts.hypervisor_types), f"types: {kinds}"))
    options += _microversions("compute", facts.compute_microversions)
    if images := choose_images(facts.images):
        for name, image in zip(("image_ref", "image_ref_alt"), images, strict=True):
            options.append(TempestOption("compute", name, image.id, f"{image.name}, {image.size} bytes: the smallest"))
    if flavors := choose_flavors(facts.flavors):
        for name, flavor in zip(("flavor_ref", "flavor_ref_alt"), flavors, strict=True):
            size = f"{flavor.ram} MB, {flavor.vcpus} CPU, {flavor.disk} GB"
            options.append(TempestOption("compute", name, flavor.id, f"{flavor.name}, {size}: the smallest that fits"))
    return options


def _image() -> list[TempestOption]:
    return [TempestOption("image", "http_image", "", "tests do not reach out of the cloud")]


def _network(facts: Facts) -> list[TempestOption]:
    if "network" not in facts.services:
        return []
    extensions = set(facts.network_extensions)
    features, why = "network-feature-enabled", "neutron's list of extensions"
    floating = "router" in extensions and bool(facts.external_networks)
    floating_why = facts.no_external_network or "needs routers and an external network"
    options = [
        TempestOption(
            "network", "project_networks_reachable", "false", "project networks are not routed to this machine"
        ),
        TempestOption(features, "api_extensions", ",".join(facts.network_extensions), why),
        TempestOption(features, "port_security", _bool("port-security" in extensions), why),
        TempestOption(features, "floating_ips", _bool(floating), floating_why),
        TempestOption(features, "ipv6_subnet_attributes", "true", "every supported neutron has them"),
    ]
    if facts.external_networks:
        public = facts.external_networks[0]
        made = "created for this run, and deleted after it: the cloud has none"
        why = f"{public.name}: {made if public.made else 'the first external network that is ACTIVE'}"
        options.append(TempestOption("network", "public_network_id", public.id, why))
        options.append(TempestOption("network", "floating_network_name", public.name, why))
    return options


def _volume(facts: Facts) -> list[TempestOption]:
    if "block-storage" not in facts.services:
        return []
    features, backends = "volume-feature-enabled", facts.volume_backends
    backup = "cinder-backup" in facts.volume_services
    options = [
        TempestOption(features, "backup", _bool(backup), f"cinder-backup is {'' if backup else 'not '}up"),
        TempestOption(features, "multi_backend", _bool(len(backends) > 1), f"{len(backends)} volume backends"),
        *_microversions("volume", facts.volume_microversions),
    ]
    if backends:
        options.append(
            TempestOption("volume", "backend_names", ",".join(pool.name for pool in backends), "cinder's pools")
        )
        for name, value in (("vendor_name", backends[0].vendor), ("storage_protocol", backends[0].protocol)):
            if value:
                options.append(TempestOption("volume", name, value, f"cinder's pool {backends[0].name}"))
    return options


def _known(packages: Collection[str]) -> Iterator[tuple[str, TempestService]]:
    """Yield the services that tempest and its installed plugins know, by official type."""
    for service in known_services():
        if service.tempest and (not service.tempest.plugin or service.tempest.plugin in packages):
            yield service.type, service.tempest


def _services(facts: Facts, packages: Collection[str]) -> list[TempestOption]:
    """Return the options for available services. Without its option a plugin assumes that its service exists."""
    options = []
    for kind, known in _known(packages):
        there = kind in facts.services
        why = f"the catalog has {'a' if there else 'no'} service of the type {kind}"
        if known.option:
            options.append(TempestOption("service_available", known.option, _bool(there), why))
    return [*options, TempestOption("service_available", "horizon", "false", "the catalog does not list dashboards")]


def _endpoints(
    facts: Facts, packages: Collection[str], sections: Mapping[str, Mapping[str, Any]]
) -> list[TempestOption]:
    """Return the options to find services in the catalog: tempest assumes current names and public endpoints."""
    options = []
    for kind, known in _known(packages):
        if not known.section or (found := facts.endpoints.get(kind)) is None:
            continue
        default = sections.get(known.section, {}).get("endpoint_type")  # plugins change it
        interface = f"{found.interface}{_suffix(default) if default else known.endpoint_suffix}"
        options += [
            TempestOption(known.section, "catalog_type", found.type, "the type in the catalog"),
            TempestOption(known.section, "endpoint_type", interface, "the cloud's entry, and the catalog"),
        ]
        if found.region:
            options.append(TempestOption(known.section, "region", found.region, "the cloud's entry"))
    return options


def _suffix(default: object) -> str:
    """Return the suffix after "public" in an endpoint type: "URL" or ""."""
    return "URL" if str(default).endswith("URL") else ""


def _endpoints_of_others(
    facts: Facts, packages: Collection[str], sections: Mapping[str, Mapping[str, Any]]
) -> list[TempestOption]:
    """Return the same options for the sections of plugins without a descriptor."""
    covered = {known.section for _, known in _known(packages)} | {"identity"}
    options = []
    for section, defaults in sections.items():
        found = facts.endpoints.get(official(str(defaults["catalog_type"])))
        if section in covered or found is None:
            continue
        options.append(TempestOption(section, "catalog_type", found.type, "the type in the catalog"))
        if "endpoint_type" in defaults:
            interface = f"{found.interface}{_suffix(defaults['endpoint_type'])}"
            options.append(TempestOption(section, "endpoint_type", interface, "the cloud's entry, and the catalog"))
        if "region" in defaults and found.region:
            options.append(TempestOption(section, "region", found.region, "the cloud's entry"))
    return options


def _microversions(section: str, versions: tuple[str, str] | None) -> list[TempestOption]:
    if versions is None:
        return []
    why = "the service's root document"
    return [
        TempestOption(section, "min_microversion", versions[0], why),
        TempestOption(section, "max_microversion", versions[1], why),
    ]


def _bool(value: object) -> str:
    return "true" if value else "false"
