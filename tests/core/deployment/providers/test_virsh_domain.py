"""Clones of domains: what of a template's XML they keep, and what they must have of their own."""

import re
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallycross.deployment.providers.virsh.domain import Volume, clone, first_disk, folder, volume_xml
from rallycross.errors import RallycrossError

OURS = "33333333-4444-5555-6666-777777777777"
TEMPLATE = """
<domain type='kvm'>
  <name>golden</name>
  <uuid>11111111-1111-1111-1111-111111111111</uuid>
  <genid>22222222-2222-2222-2222-222222222222</genid>
  <title>The golden one</title>
  <memory unit='KiB'>4194304</memory>
  <os>
    <loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader>
    <nvram template='/usr/share/OVMF/OVMF_VARS.fd'>/var/lib/libvirt/qemu/nvram/golden_VARS.fd</nvram>
  </os>
  <sysinfo type='smbios'><system>
    <entry name='serial'>S1</entry><entry name='uuid'>11111111-1111-1111-1111-111111111111</entry>
  </system></sysinfo>
  <devices>
    <disk type='file' device='cdrom'><source file='/iso/a.iso'/><target dev='sda'/><readonly/></disk>
    <disk type='block' device='disk'>
      <driver name='qemu' type='raw' cache='none' io='native'/><source dev='/dev/vg/golden'/><target dev='vda'/>
    </disk>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/><source file='/pool/data &amp; more.qcow2'/>
      <backingStore type='file'><source file='/pool/base'/></backingStore><target dev='vdb'/>
    </disk>
    <disk type='file' device='disk'><source file='/pool/shared'/><target dev='vdc'/><shareable/></disk>
    <interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/></interface>
    <interface type='bridge'><mac address='52:54:00:00:00:02'/><source bridge='br0'/></interface>
    <graphics type='vnc' port='5901' autoport='no' listen='127.0.0.1'/>
    <channel type='unix'>
      <source mode='bind' path='/var/lib/libvirt/qemu/golden.agent'/>
      <target type='virtio' name='org.qemu.guest_agent.0'/>
    </channel>
  </devices>
</domain>
"""


def test_a_clone_has_what_two_cannot_share() -> None:
    """Name, UUIDs, addresses, ports, paths and writable disks are a clone's own; all else is the template's."""
    made = clone(TEMPLATE, name="mine-1", uuid=OURS, folder="/pool")
    xml = ET.fromstring(made.xml)
    assert (xml.findtext("name"), xml.findtext("uuid"), xml.findtext("genid")) == ("mine-1", OURS, "")
    assert xml.find("title") is None
    nvram = xml.find("os/nvram")
    assert nvram is not None
    assert (nvram.text, nvram.get("template")) == (None, "/usr/share/OVMF/OVMF_VARS.fd")
    assert [entry.get("name") for entry in xml.iterfind("sysinfo/system/entry")] == ["serial"]
    assert [dict(source.attrib) for source in xml.iterfind("devices/disk/source")] == [
        {"file": "/iso/a.iso"},
        {"file": "/pool/mine-1-33333333-vda.qcow2"},
        {"file": "/pool/mine-1-33333333-vdb.qcow2"},
        {"file": "/pool/shared"},
    ]
    assert made.volumes == (
        Volume("mine-1-33333333-vda.qcow2", "/dev/vg/golden", "raw"),
        Volume("mine-1-33333333-vdb.qcow2", "/pool/data & more.qcow2", "qcow2"),
    )
    assert xml.findtext("memory") == "4194304"
    macs = [mac.get("address") for mac in xml.iterfind("devices/interface/mac")]
    assert macs[0] == made.mac
    assert len({*macs, "52:54:00:00:00:01", "52:54:00:00:00:02"}) == 4
    graphics = xml.find("devices/graphics")
    assert graphics is not None
    assert (graphics.get("port"), graphics.get("autoport")) == ("-1", "yes")
    channel = xml.find("devices/channel/source")
    assert channel is not None
    assert "path" not in channel.attrib


def test_a_volume_stands_on_the_templates_disk_or_on_nothing() -> None:
    """A linked volume names path and format of what it stands on, whatever signs are in them."""
    volume = Volume("mine.qcow2", "/pool/data & more", "raw")
    linked = ET.fromstring(volume_xml(volume, linked=True))
    assert linked.findtext("backingStore/path") == "/pool/data & more"
    assert [one.get("type") for one in linked.iter("format")] == ["qcow2", "raw"]
    assert ET.fromstring(volume_xml(volume, linked=False)).find("backingStore") is None


@given(st.uuids())
def test_addresses_are_those_of_their_uuid(uuid: UUID) -> None:
    """A clone has the same address each time, out of those that QEMU has."""
    first, again = (clone(TEMPLATE, name=name, uuid=str(uuid), folder="/pool").mac for name in ("one", "two"))
    assert first == again
    assert re.fullmatch("52:54:00(:[0-9a-f]{2}){3}", first)


def test_what_cannot_be_cloned_is_said() -> None:
    """A template without a disk of its own or without a network, or with a disk of another kind, is refused."""
    network = "<disk type='network' device='disk'><source protocol='rbd' name='a/b'/><target dev='vda'/></disk>"
    with pytest.raises(RallycrossError, match="disk vda is neither a file nor a block device"):
        first_disk(f"<domain><devices>{network}</devices></domain>")
    with pytest.raises(RallycrossError, match="has no writable disk"):
        first_disk("<domain><devices/></domain>")
    with pytest.raises(RallycrossError, match="has no network interface"):
        clone("<domain><devices/></domain>", name="a", uuid=OURS, folder="/pool")
    with pytest.raises(RallycrossError, match="pool vg is of type logical, whose volumes are not files"):
        folder("<pool type='logical'><name>vg</name><target><path>/dev/vg</path></target></pool>")
    assert folder("<pool type='dir'><name>a</name><target><path>/pool/</path></target></pool>") == "/pool"
