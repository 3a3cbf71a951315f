"""Scenarios about QoS specs."""

from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.cinder.encryption_types import volume_type_in_turn
from rallycross.scenarios.cinder.steps import qos as cinder
from rallycross.scenarios.cinder.steps.qos import Consumer, Qos


@scenario("CinderQos.create_and_list_qos", services=["block-storage"], admin_cleanup=["cinder"])
async def create_and_list_qos(
    admin: User, consumer: Consumer, write_iops_sec: str | int, read_iops_sec: str | int
) -> None:
    """Create QoS specs, then find them among all."""
    qos = await _create(admin, consumer, write_iops_sec, read_iops_sec)
    if qos["id"] not in {one["id"] for one in await cinder.list_qos(admin)}:
        raise ValueError(f"the QoS specs {qos['id']} were created, and are not in the list of QoS specs")


@scenario("CinderQos.create_and_get_qos", services=["block-storage"], admin_cleanup=["cinder"])
async def create_and_get_qos(
    admin: User, consumer: Consumer, write_iops_sec: str | int, read_iops_sec: str | int
) -> None:
    """Create QoS specs, then get their details."""
    qos = await _create(admin, consumer, write_iops_sec, read_iops_sec)
    await cinder.get_qos(admin, qos)


@scenario("CinderQos.create_and_set_qos", services=["block-storage"], admin_cleanup=["cinder"])
async def create_and_set_qos(  # noqa: PLR0917 - Rally's arguments, in Rally's order
    admin: User,
    consumer: Consumer,
    write_iops_sec: str | int,
    read_iops_sec: str | int,
    set_consumer: Consumer,
    set_write_iops_sec: str | int,
    set_read_iops_sec: str | int,
) -> None:
    """Create QoS specs, then change them."""
    qos = await _create(admin, consumer, write_iops_sec, read_iops_sec)
    await cinder.set_qos(
        admin,
        qos,
        {"consumer": set_consumer, "write_iops_sec": set_write_iops_sec, "read_iops_sec": set_read_iops_sec},
    )


@scenario(
    "CinderQos.create_qos_associate_and_disassociate_type",
    services=["block-storage"],
    admin_cleanup=["cinder"],
    requires=["volume_types"],
)
async def create_qos_associate_and_disassociate_type(
    admin: User, consumer: Consumer, write_iops_sec: str | int, read_iops_sec: str | int
) -> None:
    """Create QoS specs, associate them with a volume type of the context `volume_types`, then undo that."""
    qos = await _create(admin, consumer, write_iops_sec, read_iops_sec)
    volume_type = volume_type_in_turn(admin)
    await cinder.associate_qos(admin, qos, volume_type)
    await cinder.disassociate_qos(admin, qos, volume_type)


async def _create(admin: User, consumer: Consumer, write_iops_sec: str | int, read_iops_sec: str | int) -> Qos:
    return await cinder.create_qos(
        admin, {"consumer": consumer, "write_iops_sec": write_iops_sec, "read_iops_sec": read_iops_sec}
    )
