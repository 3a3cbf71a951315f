"""`./rallycross plan`."""

import io
from pathlib import Path

import pytest
import yaml
from small_cloud import SmallCloud

from rallycross.cli.main import main
from rallycross.results.store import Store

TASK = """\
version: 2
title: T
description: D
subtasks:
  - title: both
    run_in_parallel: true
    workloads:
      - {scenario: {NovaServers.list_servers: {}}, runner: {constant: {times: {{ times }}, concurrency: 2}}}
      - scenario: {NovaServers.boot_and_delete_server: {image: {name: {{ image }}}, flavor: {name: m1.nano}}}
"""


BOOT = "NovaServers.boot_and_delete_server"


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    """Write a task file."""
    path = tmp_path / "t.yaml"
    path.write_text(TASK)
    return path


def test_a_plan_says_what_will_run(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Titles, one sentence per workload and the expected requests are printed; --task-args takes precedence."""
    more = file.with_name("args.json")
    more.write_text('{"times": 3, "image": "cirros"}')
    assert main(["plan", str(file), "--task-args", "times=40", "--task-args-file", str(more)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "T",
        "  D",
        "1. both (its workloads run in parallel)",
        "   NovaServers.list_servers: 40 times, 2 at a time, by 1 user in 1 project; passes when none fails",
        "     API calls: 1 per iteration (1 GET compute); 40 in all",
        f"   {BOOT}: once, by 1 user in 1 project; passes when none fails",
        "     API calls: 2 per iteration (1 DELETE compute, 1 POST compute) and polling; 2 in all",
        "2 workloads",
    ]


def test_a_task_may_come_from_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`-` reads standard input; its includes are relative to the current folder."""
    (tmp_path / "part.yaml").write_text('{"Authenticate.keystone": []}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO("{% include 'part.yaml' %}"))
    assert main(["plan", "-"]) == 0
    assert "1. Authenticate.keystone\n   nothing\n" in capsys.readouterr().out


def test_standard_input_is_read_for_one_thing_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Task and arguments cannot both come from standard input."""
    monkeypatch.setattr("sys.stdin", io.StringIO('{"Authenticate.keystone": []}'))
    assert main(["plan", "-", "--task-args-file", "-"]) == 2
    assert "cannot both come from standard input" in capsys.readouterr().err


def test_arguments_are_named_by_texts(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Complaints about the arguments name the arguments, not the task file."""
    assert main(["plan", str(file), "--task-args", "{times: 1, 2: 3}"]) == 2
    assert "--task-args:1:12: 2: is not the name of an argument" in capsys.readouterr().err


def test_all_complaints_about_all_inputs_come_at_once(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing file and invalid arguments are reported together, with exit code 2."""
    assert main(["plan", str(file) + "x", "--task-args", "[1]", "--task-args-file", "/gone"]) == 2
    told = capsys.readouterr().err
    assert "3 things are wrong" in told
    assert "--task-args:1: must be a mapping" in told
    assert "/gone: cannot be read" in told
    assert main(["plan", str(file)]) == 2
    assert f"{file}:8:82: times: the template needs this argument" in capsys.readouterr().err


def test_a_plan_is_held_against_a_cloud(
    file: Path, small_cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --cloud, missing resources are complaints, and so are needs for an administrator."""
    monkeypatch.setenv("RALLYCROSS_RESULTS_URL", f"sqlite:///{file.with_name('results.db')}")
    clouds = file.with_name("clouds.yaml")
    clouds.write_text(yaml.safe_dump({"clouds": {"small": small_cloud.cloud().config}}))
    Store.open().clouds.register(
        "small", clouds_yaml=str(clouds), spec="", engine="existing", root="", deployment=None, environment={}
    )
    arguments = ["plan", str(file), "--cloud", "small", "--task-args"]
    assert main([*arguments, "times=2,image=cirros"]) == 0
    assert main([*arguments, "times=2,image=debian"]) == 2
    assert "image: there is no image 'debian' in small - available: cirros" in capsys.readouterr().err
    small_cloud.refuse["GET identity /projects"] = 403
    assert main([*arguments, "times=2,image=cirros"]) == 2
    assert "the context users needs an administrator" in capsys.readouterr().err
    assert main(["plan", str(file), "--cloud", "smal", "--task-args", "times=2,image=cirros"]) == 2
    assert "there is no cloud 'smal' - did you mean small?" in capsys.readouterr().err
