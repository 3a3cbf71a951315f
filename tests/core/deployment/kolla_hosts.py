"""Kolla Ansible's counterpart on test hosts: a wheel that pip installs from a file."""

import base64
import hashlib
import io
import zipfile
from pathlib import Path

WHEEL = "/srv/kolla_ansible-22.2.0-py3-none-any.whl"
_TREE = Path(__file__).parent / "kolla_tree"
_NAME = "kolla_ansible-22.2.0"
_COMMANDS = {"kolla-ansible": "main", "kolla-genpwd": "genpwd", "kolla-mergepwd": "mergepwd"}
_SHARE = f"{_NAME}.data/data/share/kolla-ansible"


def wheel() -> str:
    """Return a script that puts the wheel onto a host."""
    content = {
        "kolla_ansible.py": (_TREE / "kolla_ansible.py").read_text(),
        f"{_SHARE}/etc_examples/kolla/passwords.yml": "---\n# a sample\nkeystone_admin_password:\ndatabase_password:\n",
        f"{_SHARE}/ansible/inventory/multinode": "[control]\ncontrol01\n\n[baremetal:children]\ncontrol\ncompute\n",
        f"{_NAME}.dist-info/METADATA": "Metadata-Version: 2.1\nName: kolla-ansible\nVersion: 22.2.0\n",
        f"{_NAME}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{_NAME}.dist-info/entry_points.txt": "[console_scripts]\n"
        + "".join(f"{name} = kolla_ansible:{function}\n" for name, function in _COMMANDS.items()),
    }
    record = "".join(f"{path},sha256={_hash(text)},{len(text.encode())}\n" for path, text in content.items())
    content[f"{_NAME}.dist-info/RECORD"] = f"{record}{_NAME}.dist-info/RECORD,,\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in content.items():
            archive.writestr(path, text)
    text = base64.b64encode(packed.getvalue()).decode()
    return f"mkdir -p /srv\nbase64 -d <<'EOF' > {WHEEL}\n{text}\nEOF\n"


def _hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
