"""Deployers as they really are, on a host that the environment names; each test of them is skipped without it."""

import os
from pathlib import Path

import yaml
from sites import a_site

from rallycross import deployment
from rallycross.cloud.cloud import Cloud


def has_host(word: str) -> bool:
    """Tell whether RALLYCROSS_LIVE_<word>_HOST is set."""
    return f"RALLYCROSS_LIVE_{word}_HOST" in os.environ


def deploy_and_destroy(engine: str, word: str, folder: Path) -> None:
    """Deploy on the host that the variables RALLYCROSS_LIVE_<word>_... name; use it; destroy."""

    def given(key: str, default: str | None = None) -> str | None:
        return os.environ.get(f"RALLYCROSS_LIVE_{word}_{key}", default)

    server = {"host": given("HOST"), "user": given("USER", "root"), "key": given("KEY")}
    data = {"name": "live", "engine": engine, "provider": {"type": "existing", "servers": [server]}}
    data |= yaml.safe_load(given("OPTIONS") or "{}")
    spec = deployment.load_spec(yaml.safe_dump(data), file="live.yaml")
    site = a_site(folder, name="live", away=120)
    try:
        cloud = deployment.deploy(spec, site)
        entry = yaml.safe_load(cloud.clouds_yaml_text)["clouds"]["live"]
        if cloud.ca:
            (folder / "ca.pem").write_text(cloud.ca)
            entry["cacert"] = str(folder / "ca.pem")
        assert list(Cloud("live", entry).connect().identity.services())
        deployment.destroy(spec, site)
        assert site.ledger.standing() == []
    finally:
        site.close()
