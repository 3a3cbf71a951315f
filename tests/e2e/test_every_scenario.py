"""Every scenario of the recipes runs on a real cloud, and leaves it as it was.

All of them take many minutes. Each run of the suite takes a share, which the commit decides.
"""

import subprocess
from pathlib import Path

import pytest
from scenario_trial import expected_actions, flaws, tried

from rallycross.cloud.cloud import Cloud
from rallycross.settings import CHECKOUT

AT_MOST = 8  # scenarios of a share, about a minute


def _marked() -> list[object]:
    """Return the scenarios: those of this commit's share for every run of the suite, the others for the full one."""
    names = sorted(expected_actions())
    shares = -(-len(names) // AT_MOST)
    return [
        pytest.param(name, marks=pytest.mark.e2e if number % shares == _commit() % shares else pytest.mark.full)
        for number, name in enumerate(names)
    ]


def _commit() -> int:
    """Return the commit's hash as a number; 0 in a checkout without git."""
    try:
        asked = ["git", "-C", str(CHECKOUT), "rev-parse", "HEAD"]
        done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=60)
        return int(done.stdout, 16) if done.returncode == 0 else 0
    except FileNotFoundError:
        return 0


@pytest.mark.parametrize("scenario", _marked())
def test_a_scenario_runs_on_a_real_cloud_and_leaves_nothing(
    embedded_cloud: Cloud, tmp_path: Path, scenario: str
) -> None:
    """It passes, its actions are Rally's, all projects have what they had before, and the ledger is empty."""
    assert flaws(tried(embedded_cloud, scenario, tmp_path)) == {}
