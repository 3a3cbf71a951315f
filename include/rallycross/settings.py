"""Where things are kept, and how to move them: every path of Rallycross, from the environment.

RALLYCROSS_HOME          state of this checkout (default: `.rallycross` beside the `rallycross` command)
RALLYCROSS_RESULTS_URL   SQLAlchemy URL of the results database (default: SQLite in the home)
RALLYCROSS_SAMPLES       folder of the sample files (default: `samples` in the home)
RALLYCROSS_REPORTS       folder of the reports (default: `reports` in the home)
RALLYCROSS_HOST_PATIENCE seconds for which a server may be out of reach during a deployment (default: 120)
"""

import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Settings:
    """The paths in force."""

    home: Path
    results_url: str
    samples: Path
    reports: Path
    host_patience: float = 120.0

    @property
    def clouds(self) -> Path:
        """One folder for each deployed cloud, named after it."""
        return self.home / "clouds"

    @property
    def deployments(self) -> Path:
        """One folder for each deployment, with the log of each of its steps."""
        return self.home / "deployments"

    @property
    def verifiers(self) -> Path:
        """One folder for each verifier's workspace."""
        return self.home / "verifiers"

    @property
    def clouds_yaml(self) -> Path:
        """The `clouds.yaml` of all registered clouds; for the owner's eyes only."""
        return self.home / "clouds.yaml"


def settings(env: dict[str, str] | None = None) -> Settings:
    """Return the settings that `env` (default: the process's environment) asks for."""
    env = dict(os.environ) if env is None else env
    home = Path(env.get("RALLYCROSS_HOME") or CHECKOUT / ".rallycross").expanduser().absolute()
    return Settings(
        home=home,
        results_url=env.get("RALLYCROSS_RESULTS_URL") or f"sqlite:///{home / 'results.db'}",
        samples=Path(env.get("RALLYCROSS_SAMPLES") or home / "samples").expanduser().absolute(),
        reports=Path(env.get("RALLYCROSS_REPORTS") or home / "reports").expanduser().absolute(),
        host_patience=float(env.get("RALLYCROSS_HOST_PATIENCE") or 120),
    )
