"""Options of new servers: novaclient's names, which Rally's task files use, and what the API makes of them."""

import base64
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypedDict

from rallycross.cloud.versions import as_numbers
from rallycross.scenario.arguments import Nics, Since, needed_microversion


class UndescribedServerOptions(TypedDict, total=False):
    """Options of a new server other than its description."""

    access_ip_v4: str
    access_ip_v6: str
    admin_pass: str
    auto_assign_nic: bool  # attach servers to the networks that the context `network` made, in turn
    availability_zone: str
    block_device_mapping: dict[str, str]  # device -> "ID:TYPE:SIZE:DELETE_ON_TERMINATION"; TYPE is "snap", or ""
    block_device_mapping_v2: list[dict[str, Any]]
    config_drive: bool
    disk_config: Literal["AUTO", "MANUAL"]
    files: dict[str, str]  # path -> text
    host: Annotated[str, Since("compute", "2.74")]  # the compute host; for administrators
    hostname: Annotated[str, Since("compute", "2.90")]
    hypervisor_hostname: Annotated[str, Since("compute", "2.74")]  # for administrators
    key_name: str
    max_count: int
    meta: dict[str, str]
    min_count: int
    nics: Nics
    scheduler_hints: dict[str, Any]
    security_groups: list[str]
    tags: Annotated[list[str], Since("compute", "2.52")]
    trusted_image_certificates: Annotated[list[str], Since("compute", "2.63")]
    userdata: str


class ServerOptions(UndescribedServerOptions, total=False):
    """Options of a new server, by novaclient's names, which Rally's task files use."""

    description: Annotated[str, Since("compute", "2.19")]


# The API's names, where they differ.
_API_NAMES = {
    "access_ip_v4": "accessIPv4",
    "access_ip_v6": "accessIPv6",
    "admin_pass": "adminPass",
    "disk_config": "OS-DCF:diskConfig",
    "meta": "metadata",
}
_NIC_NAMES = {"net-id": "uuid", "port-id": "port", "v4-fixed-ip": "fixed_ip", "v6-fixed-ip": "fixed_ip"}


def server_request(server: dict[str, Any], options: ServerOptions) -> dict[str, Any]:
    """Return the body of a request for a server."""
    body: dict[str, Any] = {"server": server}
    for name, value in options.items():
        match name, value:
            case "nics", list(nics):
                server["networks"] = [{_NIC_NAMES.get(key, key): item for key, item in nic.items()} for nic in nics]
            case "scheduler_hints", _:
                body["os:scheduler_hints"] = value
            case "security_groups", list(groups):
                server["security_groups"] = [{"name": group} for group in groups]
            case "userdata", str(text):
                server["user_data"] = _base64(text)
            case "files", dict(texts):
                server["personality"] = [{"path": path, "contents": _base64(text)} for path, text in texts.items()]
            case "block_device_mapping", dict(devices):
                server["block_device_mapping"] = list(_devices(devices))
            case _:
                server[_API_NAMES.get(name, name)] = value
    return body


def microversion_for(options: ServerOptions, *, least: str = "") -> str:
    """Return the microversion that a request with these options needs, at least the given one; "" if all will do."""
    needed = [version for version in (needed_microversion(ServerOptions, options), least) if version]
    return max(needed, key=as_numbers, default="")


def _devices(devices: Mapping[str, str]) -> Iterator[dict[str, str]]:
    for device, mapping in devices.items():
        source, kind, size, deleted, *_ = [*mapping.split(":"), "", "", ""]
        asked = {"device_name": device, "snapshot_id" if kind.startswith("snap") else "volume_id": source}
        if size:
            asked["volume_size"] = size
        if deleted:
            asked["delete_on_termination"] = deleted
        yield asked


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
