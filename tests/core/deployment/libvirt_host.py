"""A host with libvirt and QEMU, which emulates its guests, and a template with all that two domains cannot share."""

from guests import guest
from machines import Machines, NoMachinesError

from rallycross.deployment.connect import connect
from rallycross.deployment.server import Server

TEMPLATE = "golden"
_PACKAGES = "libvirt-daemon-system libvirt-clients qemu-system-x86 qemu-utils dnsmasq-base iptables"
_DOMAIN = f"""
<domain type='qemu'>
  <name>{TEMPLATE}</name>
  <genid/>
  <title>The template</title>
  <memory unit='MiB'>512</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64'>hvm</type>
    <kernel>/srv/guests/kernel</kernel>
    <initrd>/srv/guests/ramdisk</initrd>
    <cmdline>console=ttyS0 quiet</cmdline>
  </os>
  <features><acpi/></features>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='/srv/guests/disk'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <interface type='network'>
      <source network='default'/>
      <model type='virtio'/>
    </interface>
    <disk type='file' device='cdrom'>
      <source file='/srv/guests/install.iso'/>
      <target dev='hda' bus='ide'/>
      <readonly/>
    </disk>
    <graphics type='vnc' port='5901' autoport='no'/>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <serial type='pty'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>
"""
# The host has no systemd, so libvirt's two daemons are started by hand.
_INSTALL = f"""
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install --no-install-recommends {_PACKAGES} >/dev/null
mkdir -p /run/libvirt
virtlogd -d
libvirtd -d
export LIBVIRT_DEFAULT_URI=qemu:///system
for try in $(seq 100); do ! virsh version >/dev/null 2>&1 || break; sleep 0.1; done
virsh net-start default
truncate -s 1M /srv/guests/install.iso
virsh pool-define-as guests dir --target /srv/guests
virsh pool-start guests
mkdir -p /srv/pool
virsh pool-define-as pool dir --target /srv/pool
virsh pool-start pool
virsh define /dev/stdin <<'XML'
{_DOMAIN}
XML
"""


def libvirt_host(machines: Machines, name: str) -> Server:
    """Start such a host; 60 s and 45 MB of packages."""
    made = guest()
    server = machines.start(name, plain=True)
    for file in (made.kernel, made.ramdisk, made.disk):
        machines.put(name, file, f"/srv/guests/{file.name}")
    host = connect(server)
    try:
        ran = host.run(_INSTALL, limit=600, check=False)
    finally:
        host.close()
    if ran.code:
        raise NoMachinesError(f"{name}: libvirt cannot be had: {ran.err[-2000:]}")
    return server
