"""Steps with QoS specs: limits for the volumes of the volume types that they are associated with."""

from typing import Any, Literal, TypedDict

from rallycross.scenario.lists import list_all
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.cinder.steps.volume_types import VolumeType

Consumer = Literal["front-end", "back-end", "both"]

Qos = dict[str, Any]


class QosSpecs(TypedDict):
    """Who enforces the limits, and the limits."""

    consumer: Consumer
    write_iops_sec: str | int
    read_iops_sec: str | int


@step("cinder_v3.create_qos")
async def create_qos(admin: User, specs: QosSpecs) -> Qos:
    """Create QoS specs."""
    body = {"qos_specs": {"name": admin.name(), **_texts(specs)}}
    created: Qos = (await admin.post("block-storage", "/qos-specs", body))["qos_specs"]
    return created


@step("cinder_v3.list_qos")
async def list_qos(admin: User) -> list[Qos]:
    """List all QoS specs."""
    return await list_all(admin, "block-storage", "/qos-specs", "qos_specs")


@step("cinder_v3.get_qos")
async def get_qos(admin: User, qos: Qos) -> Qos:
    """Return QoS specs."""
    found: Qos = (await admin.get("block-storage", _path(qos)))["qos_specs"]
    return found


@step("cinder_v3.set_qos")
async def set_qos(admin: User, qos: Qos, specs: QosSpecs) -> None:
    """Change QoS specs."""
    await admin.put("block-storage", _path(qos), {"qos_specs": _texts(specs)})


@step("cinder_v3.qos_associate_type")
async def associate_qos(admin: User, qos: Qos, volume_type: VolumeType) -> None:
    """Apply QoS specs to the volumes of a volume type. The API takes this as a GET request."""
    await _change(admin, f"{_path(qos)}/associate", volume_type)


@step("cinder_v3.qos_disassociate_type")
async def disassociate_qos(admin: User, qos: Qos, volume_type: VolumeType) -> None:
    """Do not apply QoS specs to the volumes of a volume type any more. The API takes this as a GET request."""
    await _change(admin, f"{_path(qos)}/disassociate", volume_type)


async def _change(admin: User, path: str, volume_type: VolumeType) -> None:
    await admin.get("block-storage", path, vol_type_id=volume_type["id"])


def _path(qos: Qos) -> str:
    return f"/qos-specs/{qos['id']}"


def _texts(specs: QosSpecs) -> dict[str, str]:
    """Return specs as the API takes them: it refuses numbers."""
    return {name: str(value) for name, value in specs.items()}
