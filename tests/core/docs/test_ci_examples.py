"""The example jobs for CI: their files are valid, and their commands work."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_cloud import SmallCloud

from rallycross.settings import CHECKOUT

FOLDER = CHECKOUT / "docs/ci"
SIGN_IN = {"title": "s", "scenario": {"Authenticate.keystone": {}}, "runner": {"serial": {"times": 3}}}


def _read(path: str) -> Any:
    return yaml.safe_load((FOLDER / path).read_text())


def _github() -> list[str]:
    return [step["run"] for step in _read("github-actions.yml")["jobs"]["gate"]["steps"] if "run" in step]


def _gitlab() -> list[str]:
    return list(_read("gitlab-ci.yml")["benchmark"]["script"])


def _zuul() -> list[str]:
    [play] = _read("zuul/playbooks/gate.yaml")
    return [task["ansible.builtin.shell"]["cmd"] for task in play["tasks"] if "ansible.builtin.shell" in task]


@pytest.mark.parametrize(
    ("schema", "file"), [("github-workflows", "github-actions.yml"), ("gitlab-ci", "gitlab-ci.yml")]
)
def test_a_job_fits_the_published_schema_of_its_ci(schema: str, file: str) -> None:
    """The schemas are those that SchemaStore has for the CI systems."""
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", FOLDER / file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_the_zuul_job_names_its_playbook_semaphore_and_variables() -> None:
    """What the job names is defined, and what the playbook uses is given by the job."""
    kinds = {name: value for item in _read("zuul/zuul.yaml") for name, value in item.items()}
    job = kinds["job"]
    [play] = _read(f"zuul/{job['run']}")
    assert job["semaphores"] == [kinds["semaphore"]["name"]]
    assert kinds["project"]["check"]["jobs"] == [job["name"]]
    environment = play["tasks"][0]["environment"]
    used = {value.strip("{} ") for value in environment.values()}
    assert used == set(job["vars"])


def test_all_jobs_run_the_same_gate() -> None:
    """Their commands differ only in what shows the result."""
    assert _github()[0].strip() == _gitlab()[0].strip() == _zuul()[0].strip()


def test_the_commands_of_a_job_run_and_leave_its_files(tmp_path: Path) -> None:
    """On a cloud, a first run passes by its SLA, and leaves JUnit, Markdown and a summary."""
    (tmp_path / "task.yaml").write_text(yaml.safe_dump({"version": 2, "title": "T", "subtasks": [SIGN_IN]}))
    program = tmp_path / "rallycross"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m rallycross.cli "$@"\n')
    program.chmod(0o755)
    with SmallCloud() as cloud:
        clouds = tmp_path / "clouds.yaml"
        clouds.write_text(json.dumps({"clouds": {"small": dict(cloud.cloud().config)}}))
        environment = {
            "RALLYCROSS": str(program),
            "RALLYCROSS_HOME": str(tmp_path / "home"),
            "OS_CLIENT_CONFIG_FILE": str(clouds),
            "CLOUD": "small",
            "TASK": "task.yaml",
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        }
        ran = _run(_github(), environment, tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert (tmp_path / "gate.xml").read_text().startswith("<?xml")
    assert (tmp_path / "summary.md").read_text().startswith("## Benchmark passed")


def _run(commands: list[str], environment: Mapping[str, str], folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run the commands as CI systems do: one after another until one fails."""
    return subprocess.run(
        ["bash", "-e", "-c", "\n".join(commands)],
        env={**os.environ, **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
