"""Translates Rally's deployments (2013-2017) and environments into cloud specs.

`translated` returns the spec and where each moved key was, so that complaints name the place in the user's file.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rallycross.cloud.service import SERVICES
from rallycross.yamlfile import Path

ENGINES = {
    "AnvilEngine": "anvil",
    "DevstackEngine": "devstack",
    "DummyEngine": "existing",
    "ExistingCloud": "existing",
    "FuelEngine": "fuel",
    "LxcEngine": "lxc",
    "MultihostEngine": "multihost",
}
PROVIDERS = {
    "CobblerProvider": "cobbler",
    "DummyProvider": "existing",
    "ExistingServers": "existing",
    "LxcProvider": "lxc",
    "OpenStackProvider": "openstack",
    "VirshProvider": "virsh",
}
# By Rally's type: Rally's key -> key here. Other keys stay as they are.
KEYS = {
    "DummyProvider": {"credentials": "servers"},
    "ExistingServers": {"credentials": "servers"},
    "LxcEngine": {"container_name": "container_name_prefix", "engine": "inside", "provider": "host_provider"},
    "OpenStackProvider": {"deployment_name": "prefix"},
}
# By Rally's engine type: defaults that differ from those here.
DEFAULTS = {"FuelEngine": {"net_segment_type": "gre"}}
_DOMAINS = ("user_domain_name", "project_domain_name")
_CLOUD = {
    "region_name": "region_name",
    "endpoint_type": "interface",
    "https_cacert": "cacert",
    "https_cert": "cert",
    "https_key": "key",
}
# Keys without meaning here: those of osprofiler, and those of a keystone without a catalog.
_LEFT_OUT = {"admin_port", "endpoint", "profiler_conn_str", "profiler_hmac_key", "use_public_urls"}
_ENVIRONMENT = ("existing@openstack", "existing", "openstack")  # names of a cloud's section: long, short, of 2017
_OF_OLD = {"admin_domain_name", "admin_port", "permission", "use_public_urls"}  # obsolete keys of a user

Moved = dict[Path, Path]  # here -> in the user's file


def translated(data: Any) -> tuple[Any, Moved]:
    """Return the spec in this project's form, and where its keys were; return a spec that is not Rally's unchanged."""
    if not isinstance(data, dict):
        return data, {}
    # Old deployments have the engine's type under `name`. Rally's LxcEngine has its own key `engine`: the one inside.
    kind = "type" if "type" in data or "engine" in data or not isinstance(data.get("name"), str) else "name"
    if not isinstance(data.get("engine"), str) and isinstance(data.get(kind), str) and data[kind] in ENGINES:
        return _deployment(data, kind)
    if "engine" not in data and "type" not in data:
        if isinstance(shown := data.get("spec"), dict):  # as `rally env show --json` prints it
            spec, moved = translated(shown)
            return spec, {here: ("spec", *there) for here, there in moved.items()}
        if isinstance(data.get("creds"), dict):
            return _existing_by_creds(data, {key: value for key, value in data.items() if key != "creds"})
        if key := next((one for one in _ENVIRONMENT if one in data), None):
            beside = {name: value for name, value in data.items() if name != key and not _of_another(str(name))}
            return _existing_in(beside, data[key], (key,))
    return _with_provider(data, {})


def _deployment(data: dict[Any, Any], kind: str) -> tuple[Any, Moved]:
    """Translate a deployment that has Rally's engine type under the key `kind`."""
    engine, names = ENGINES[data[kind]], KEYS.get(data[kind], {})
    given = {names.get(key, key): value for key, value in data.items() if key != kind}
    if engine != "existing":
        moved: Moved = {("engine",): (kind,), **{(here,): (there,) for there, here in names.items()}}
        return _with_provider({"name": engine, "engine": engine} | DEFAULTS.get(data[kind], {}) | given, moved)
    beside = {key: value for key, value in given.items() if key not in {"creds", "extra"}}
    if isinstance(data.get("creds"), dict):
        return _existing_by_creds(data, beside)
    for key in ("endpoint", "endpoints"):  # of 2013: one user with the cloud's address, or several users by kind
        if isinstance(old := data.get(key), dict):
            inner = old.get("admin")
            return (
                _existing_of_2013(inner, (key, "admin")) if isinstance(inner, dict) else _existing_of_2013(old, (key,))
            )
    return _existing(beside, ())


def _with_parts(data: dict[Any, Any], moved: Moved) -> dict[Any, Any]:
    """Translate the parts of the engine `multihost`."""
    found = dict(data)
    if "controller" in data:
        found["controller"] = _part(data["controller"], ("controller",), moved)
    if isinstance(data.get("nodes"), list):
        found["nodes"] = [_part(one, ("nodes", index), moved) for index, one in enumerate(data["nodes"])]
    return found


def _with_inside(data: dict[Any, Any], moved: Moved) -> dict[Any, Any]:
    """Translate the host provider and the inner engine of the engine `lxc`."""
    found = dict(data)
    if isinstance(hosts := data.get("host_provider"), dict):
        here: Path = ("host_provider",)
        found["host_provider"] = _provider(hosts, here, original(here, moved), moved)
    if isinstance(inside := data.get("inside"), dict):
        # Rally's code reads the type of the inner engine from `name`, unlike its documentation.
        by_name = "type" not in inside and str(inside.get("name")) in ENGINES
        named = {"type": inside["name"], **inside} if by_name else inside
        found["inside"] = _part({key: value for key, value in named.items() if key != "name"}, ("inside",), moved)
        if by_name:
            moved["inside", "engine"] = (*original(("inside",), moved), "name")
    return found


def _part(section: Any, here: Path, moved: Moved) -> Any:
    inner, places = translated(section)
    outer = original(here, moved)
    moved |= {(*here, *path): (*outer, *there) for path, there in places.items()}
    if isinstance(inner, dict) and not (isinstance(section, dict) and "name" in section):
        inner = {key: value for key, value in inner.items() if key != "name"}  # a part does not have a name
    return inner


def original(path: Path, moved: Mapping[Path, Path]) -> Path:
    """Return the path in the user's file for a path of the spec."""
    for length in range(len(path), 0, -1):
        if path[:length] in moved:
            return moved[path[:length]] + path[length:]
    return path


def _with_provider(data: dict[Any, Any], moved: Moved) -> tuple[dict[Any, Any], Moved]:
    if data.get("engine") == "multihost":
        data = _with_parts(data, moved)
    elif data.get("engine") == "lxc":
        data = _with_inside(data, moved)
    if not isinstance(data.get("provider"), dict):
        return data, moved
    return {**data, "provider": _provider(data["provider"], ("provider",), ("provider",), moved)}, moved


def _provider(section: dict[str, Any], here: Path, there: Path, moved: Moved) -> dict[str, Any]:
    rally = section.get("type")
    if not isinstance(rally, str) or rally not in PROVIDERS:
        return section
    names = KEYS.get(rally, {})
    found: dict[str, Any] = {}
    for key, value in section.items():
        name = names.get(key, key)
        moved[*here, str(name)] = (*there, str(key))
        nested = key == "host_provider" and isinstance(value, dict)
        found[name] = _provider(value, (*here, name), (*there, key), moved) if nested else value
    return {**found, "type": PROVIDERS[rally]}


def _of_another(key: str) -> bool:
    """Return whether a key of an environment belongs to the environment itself or to another platform."""
    return key.startswith("!") or "@" in key


def _existing_by_creds(data: dict[Any, Any], beside: dict[str, Any]) -> tuple[dict[str, Any], Moved]:
    """Return a spec of the engine `existing` for `creds`, which has a section, or a list of them, by platform."""
    one = data["creds"].get("openstack")
    if isinstance(one, list) and one:
        return _existing_in(beside, one[0], ("creds", "openstack", 0))
    return _existing_in(beside, one, ("creds", "openstack") if "openstack" in data["creds"] else ("creds",))


def _existing_in(beside: dict[str, Any], section: Any, where: Path) -> tuple[dict[str, Any], Moved]:
    """Return a spec of the engine `existing` from a section that should be a mapping."""
    if isinstance(section, dict):
        return _existing({**beside, **section}, where)
    return {"name": "existing", "engine": "existing", "auth": {} if section is None else section}, {("auth",): where}


def _existing_of_2013(old: dict[str, Any], where: Path) -> tuple[dict[str, Any], Moved]:
    """Return a spec of the engine `existing` for a user that also has the cloud's address and region."""
    user = {key: value for key, value in old.items() if key not in {"auth_url", *_CLOUD}}
    spec, moved = _existing({"admin": user, **{key: old[key] for key in ("auth_url", *_CLOUD) if key in old}}, where)
    return spec, {**moved, ("auth",): where}


def _existing(data: dict[str, Any], where: Path) -> tuple[dict[str, Any], Moved]:
    """Return a spec of the engine `existing` from Rally's keys: `auth_url` and `admin` become `auth`."""
    spec: dict[str, Any] = {"name": data.get("name", "existing"), "engine": "existing"}
    moved: Moved = {("auth",): (*where, "admin"), ("auth", "auth_url"): (*where, "auth_url")}
    for key, value in data.items():
        if key in {"name", "auth_url", "admin", "users"} or key in _LEFT_OUT or value in (None, ""):
            continue  # Rally also treats null and empty values as not set
        if key == "api_info":
            if not isinstance(value, dict):
                spec["compute_api_version"] = value  # any key of the kind, so that the check complains
                moved["compute_api_version",] = (*where, key)
                continue
            for name, asked in _asked_of_services(value):
                spec[name] = asked
                moved[name,] = (*where, key)
            continue
        if key == "https_insecure":
            spec["verify"] = not value if isinstance(value, bool) else value
            moved["verify",] = (*where, key)
            continue
        name = _CLOUD.get(key, key)
        spec[name] = value
        moved[name,] = (*where, str(key))
    users = data.get("users") or []
    given = data.get("admin") or (users[0] if isinstance(users, list) and users else None)
    spec["auth"] = _auth(data.get("auth_url"), given)
    if users and data.get("admin"):
        spec["users"] = [_auth(data.get("auth_url"), user) for user in users] if isinstance(users, list) else users
        moved["users",] = (*where, "users")
    return spec, moved


def _asked_of_services(api_info: dict[Any, Any]) -> Iterator[tuple[str, str]]:
    """Yield the clouds.yaml keys for Rally's `api_info`: API versions and service types."""
    for client, asked in api_info.items():
        known = SERVICES.all.get(client)
        if known and known.version and isinstance(asked, dict):
            service = known.type.replace("-", "_")
            if asked.get("version"):
                yield f"{service}_api_version", str(asked["version"])
            if asked.get("service_type"):
                yield f"{service}_service_type", str(asked["service_type"])


def _auth(url: Any, given: Any) -> Any:
    """Translate one of Rally's users into the `auth` of a clouds.yaml."""
    if given in (None, [], ""):
        return {"auth_url": url}
    if not isinstance(given, dict):
        return given  # the check complains
    auth = {key: value for key, value in given.items() if value not in (None, "") and key not in _OF_OLD}
    if "tenant_name" in auth:
        auth.setdefault("project_name", auth.pop("tenant_name"))
    domain = auth.pop("domain_name", None)
    for key in _DOMAINS:
        auth.setdefault(key, domain or "Default")
    return {"auth_url": url, **auth}
