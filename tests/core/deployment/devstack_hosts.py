"""DevStack's counterpart on test hosts: a repository that git can fetch from by file://."""

import base64
import io
import subprocess
import tarfile
from pathlib import Path
from shlex import quote

REPO = "file:///srv/devstack.git"
BRANCH = "stable/2026.1"
_TREE = Path(__file__).parent / "devstack_tree"


def repository(folder: Path) -> str:
    """Return a script that puts the repository onto a host."""
    git = ["git", "-C", str(_TREE), f"--git-dir={folder}", f"--work-tree={_TREE}"]
    git += ["-c", "user.name=tests", "-c", "user.email=tests@example.com"]
    for words in (["init", "-q", "-b", BRANCH], ["add", "."], ["commit", "-q", "-m", "A tree"]):
        subprocess.run([*git, *words], check=True)
    subprocess.run(["git", f"--git-dir={folder}", "config", "core.bare", "true"], check=True)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(folder, "devstack.git")
    text = base64.b64encode(packed.getvalue()).decode()
    # It is root's, and the user of DevStack fetches from it.
    safe = "[safe]\n\tdirectory = *\n"
    return f"mkdir -p /srv\nbase64 -d <<'EOF' | tar xz -C /srv\n{text}\nEOF\nprintf %s {quote(safe)} > /etc/gitconfig\n"
