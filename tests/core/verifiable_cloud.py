"""A small cloud that can be verified, and a small project to verify it with: real HTTP and processes, no OpenStack."""

import json
import sys
import textwrap
from pathlib import Path

from aiohttp import web
from small_cloud import SmallCloud

from rallycross.verification.environments import READY
from rallycross.verification.source import Source

# What a verification asks besides: the cloud has nothing of it.
NOTHING = {
    "os-services": "services",
    "os-hypervisors": "hypervisors",
    "os-aggregates": "aggregates",
    "types": "volume_types",
    "scheduler-stats": "pools",
    "subnetpools": "subnetpools",
}


class VerifiableCloud(SmallCloud):
    """The small cloud, with an administrator's role and the lists that a verification asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.things["roles"]["r2"] = {"id": "r2", "name": "admin"}
        for name in ("small", "large"):  # enough for none to be made
            self.things["flavors"][name] = {
                "id": name,
                "name": name,
                "ram": 64,
                "disk": 1,
                "os-flavor-access:is_public": True,
            }

    async def _act(self, request: web.Request, service: str, path: str, project: str) -> web.Response:
        collection = path.lstrip("/").partition("/")[0]
        if (service == "block-storage" and collection == "os-services") or collection in NOTHING:
            return web.json_response({NOTHING[collection]: []})
        return await super()._act(request, service, path, project)


def small_project(folder: Path, source: str) -> str:
    """Write a stestr project of one module, `tests.test_small`; return its folder."""
    (folder / "tests").mkdir(parents=True)
    (folder / "tests" / "__init__.py").write_text("")
    (folder / "tests" / "test_small.py").write_text(textwrap.dedent(source))
    (folder / ".stestr.conf").write_text("[DEFAULT]\ntest_path=${OS_TEST_PATH:-./tests}\ntop_dir=./\n")
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "small-project"\nversion = "1.0"\n[tool.setuptools]\npackages = ["tests"]\n'
    )
    return str(folder)


def standing_environment(root: Path, source: Source) -> Path:
    """Put an environment where the source's would be made, which is this process's own; return its folder."""
    folder = root / source.key(python=f"{sys.version_info[0]}.{sys.version_info[1]}")
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (folder / READY).write_text(json.dumps({"requirements": ["small"], "packages": {"small": "1.0"}}))
    return folder
