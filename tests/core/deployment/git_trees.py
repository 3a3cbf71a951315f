"""A deployer's counterpart on test hosts: a repository that git can fetch from, at file:///srv/NAME.git."""

import base64
import io
import subprocess
import tarfile
from pathlib import Path
from shlex import quote

BRANCH = "stable/2026.1"


def repository(name: str, folder: Path, *, tree: Path | None = None) -> str:
    """Return a script that puts a tree (None: NAME_tree), as a repository, onto a host.

    `folder` is for making it here, where it stays as NAME.git.
    """
    tree, bare = tree or Path(__file__).parent / f"{name}_tree", folder / f"{name}.git"
    git = ["git", "-C", str(tree), f"--git-dir={bare}", f"--work-tree={tree}"]
    git += ["-c", "user.name=tests", "-c", "user.email=tests@example.com"]
    for words in (["init", "-q", "-b", BRANCH], ["add", "."], ["commit", "-q", "-m", "A tree"]):
        subprocess.run([*git, *words], check=True)
    subprocess.run(["git", f"--git-dir={bare}", "config", "core.bare", "true"], check=True)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(bare, f"{name}.git")
    text = base64.b64encode(packed.getvalue()).decode()
    # It is root's, and other users fetch from it.
    safe = "[safe]\n\tdirectory = *\n"
    return f"mkdir -p /srv\nbase64 -d <<'EOF' | tar xz -C /srv\n{text}\nEOF\nprintf %s {quote(safe)} > /etc/gitconfig\n"
