"""The HTML report: it is complete and self-contained, and escapes foreign texts."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from uuid import uuid4

import pytest
from made_run import MadeRun, make_deployment, make_open_loop, make_task, make_verification
from sqlalchemy import update

from rallycross import report
from rallycross.results.models import WorkloadRow
from rallycross.results.store import Store
from rallycross.task.plan import Subtask, Task, Workload

EVIL = '<script>alert("x")</script><img src=x onerror=alert(1)>\'"&</details>'


class Page(HTMLParser):
    """A parsed page."""

    def __init__(self, text: str) -> None:
        """Parse a page."""
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.scripts: list[str] = []  # that are run
        self.figures: list[dict] = []
        self.text = ""
        self._open: list[str] = []
        self._kind = ""
        self.feed(text)
        self.close()
        self.ends = self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record an element."""
        self.elements.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in {"meta", "br"}:
            self._open.append(tag)
        if tag == "script":
            self._kind = dict(attrs).get("type") or ""

    def handle_endtag(self, tag: str) -> None:
        """Check that elements are closed in order."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Record text, and the content of scripts."""
        inside = self._open[-1] if self._open else ""
        if inside == "script" and self._kind == "application/json":
            self.figures.append(json.loads(data))
        elif inside == "script":
            self.scripts.append(data)
        elif inside != "style":
            self.text += data


def _write(store: Store, made: MadeRun, folder: Path, **stages: str | None) -> tuple[Page, str]:
    chosen = {"deployment": made.deployment, "verification": made.verification, "task": made.task, **stages}
    written = report.write(store, **chosen, folder=folder, samples=made.samples)
    text = written["html"].read_text(encoding="utf-8")
    return Page(text), text


def _policy(page: Page) -> str:
    return next(found["content"] for tag, found in page.elements if tag == "meta" and "content" in found)


def test_the_page_tells_the_verdict_first_and_then_everything(store: Store, made: MadeRun, tmp_path: Path) -> None:
    """The page has reasons, stages, steps, tests, workloads with SLA and failures, and the environment."""
    page, _ = _write(store, made, tmp_path)
    words = re.sub(r"\s+", " ", page.text)

    assert "Failed: Quickstart" in words
    assert "1 of 14 verification tests failed: tempest.api.volume" in words
    assert "Workload 4, NovaServers.boot_and_delete_server, did not pass: failure_rate" in words
    assert words.index("did not pass") < words.index("mariadb")
    for told in (
        "12 of 14 tests passed",
        "failed to reach in-use status",
        "Rebooting is not offered by this driver.",
        "nova.wait_for_server",
        "Quota exceeded (403, <request>)",
        "Debian GNU/Linux 12",
        "after 5% of the time that it has waited, at least 100 ms",
        "users_per_tenant: 2",
        "openstack 2026.2 · nova 34.0.0",
    ):
        assert told in words


def test_workloads_are_listed_as_the_file_has_them(store: Store, made: MadeRun, tmp_path: Path) -> None:
    """Workloads are in the file's order, with titles that differ from the scenario's name."""
    page, _ = _write(store, made, tmp_path)
    words = re.sub(r"\s+", " ", page.text)
    listed = ["1. Identity and images Authenticate.keystone", "4. Compute NovaServers.boot_and_delete_server"]
    assert [words.count(one) for one in listed] == [2, 2]
    assert words.index(listed[0]) < words.index(listed[1])

    plan = Task("v1", (Subtask("Dummy.dummy", (Workload(0, "Dummy.dummy", {}, "serial", {}, {}, {}),)),))
    uuid = str(uuid4())
    store.tasks.begin(uuid, cloud="none", task=plan, environment={})
    page, _ = _write(store, made, tmp_path, deployment=None, verification=None, task=uuid)
    words = re.sub(r"\s+", " ", page.text)
    assert (words.count("1. Dummy.dummy"), words.count("Dummy.dummy Dummy.dummy")) == (2, 0)


def test_every_chart_has_data_a_caption_and_a_label(store: Store, made: MadeRun, tmp_path: Path) -> None:
    """There is one chart of the deployment and five per workload; the scatter chart has all of few iterations."""
    page, _ = _write(store, made, tmp_path)
    plots = [attributes for _, attributes in page.elements if attributes.get("class") == "plot"]

    assert len(page.figures) == len(plots) == 1 + 5 * 4
    assert all(plot["aria-label"].startswith("Chart: ") for plot in plots)
    assert all(trace["x"] and len(trace["x"]) == len(trace["y"]) for one in page.figures for trace in one["data"])
    gantt, scatter, distribution, throughput, percentiles, actions = page.figures[:6]
    assert len(gantt["data"][0]["y"]) == 21
    assert len(scatter["data"][0]["x"]) == 40
    assert sum(distribution["data"][0]["y"]) == 40
    assert sum(throughput["data"][0]["y"]) * throughput["data"][0]["width"] == pytest.approx(40)
    assert [trace["name"] for trace in percentiles["data"]] == ["p50", "p95", "p99"]
    assert [trace["name"] for trace in actions["data"]] == ["authenticate.keystone"]
    failing = page.figures[-5]
    assert [trace["name"] for trace in failing["data"]] == ["succeeded", "failed"]
    assert sum(len(trace["x"]) for trace in failing["data"]) == 40


def test_the_page_loads_nothing_from_anywhere(store: Store, made: MadeRun, tmp_path: Path) -> None:
    """No element loads an address, and the policy allows none: scripts are allowed by hash."""
    page, text = _write(store, made, tmp_path)
    policy = _policy(page)

    assert not [
        (tag, found) for tag, found in page.elements if {"src", "srcset", "action"} & found.keys() or tag == "link"
    ]
    assert all(found["href"].startswith("#") for tag, found in page.elements if tag == "a")
    assert "url(" not in text[text.index("<style>") : text.index("</style>")]
    assert "default-src 'none'" in policy
    allowed = re.findall(r"'sha256-([^']+)'", policy)
    assert allowed == [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in page.scripts]
    assert len(allowed) == 4  # the theme, links to Airflow, the chart library, the charts


def test_links_lead_to_what_is_there(store: Store, made: MadeRun, tmp_path: Path) -> None:
    """Every link within the page has exactly one target."""
    page, _ = _write(store, made, tmp_path)
    ids = [found["id"] for _, found in page.elements if "id" in found]

    assert len(ids) == len(set(ids))
    assert {found["href"][1:] for tag, found in page.elements if tag == "a"} <= set(ids)
    assert page.ends == []


def test_text_from_the_cloud_is_shown_and_never_run(store: Store, tmp_path: Path) -> None:
    """Markup in messages, tracebacks, titles and step names adds no element to the page."""
    made = MadeRun(tmp_path / "samples")
    make_deployment(store, made, error=EVIL)
    make_verification(store, made, traceback=EVIL)
    make_task(store, made, failing=0.5, message=EVIL)
    page, _ = _write(store, made, tmp_path / "evil")

    assert EVIL in page.text
    assert not [tag for tag, _ in page.elements if tag == "img"]
    assert [found for tag, found in page.elements if tag == "script"] == [{"type": "application/json"}] * 21 + [{}] * 4
    assert not [found for _, found in page.elements if any(name.startswith("on") for name in found)]


def test_a_run_that_broke_off_is_reported_as_that(store: Store, tmp_path: Path) -> None:
    """A failed deployment has its error, and stages that never began are shown as such."""
    made = MadeRun(tmp_path / "samples")
    make_deployment(store, made, error="mariadb: no space left on device")
    page, _ = _write(store, made, tmp_path / "broken")

    assert "The deployment of embedded failed: mariadb: no space left on device." in page.text
    assert page.text.count("never began") == 4  # two reasons, two stages
    assert len(page.figures) == 1


def test_a_load_that_was_killed_shows_what_it_had_measured(store: Store, made: MadeRun, tmp_path: Path) -> None:
    """For a running or unjudged task, with or without files, the page shows what is known."""
    with store.database.writing() as session:
        session.connection().exec_driver_sql(
            "UPDATE workloads SET passed = NULL, statistics = NULL, status = 'running'"
        )
        session.connection().exec_driver_sql("UPDATE tasks SET status = 'running', ended_at = NULL")
        session.connection().exec_driver_sql("DELETE FROM sla_rows")
    page, _ = _write(store, made, tmp_path, deployment=None, verification=None)

    assert "not judged" in page.text
    assert "not ended" in page.text
    assert page.figures == []


def test_a_workload_whose_samples_are_gone_keeps_its_figures(store: Store, made: MadeRun, tmp_path: Path) -> None:
    """Without sample files, only the scatter chart is missing; all else comes from the store."""
    gone = MadeRun(tmp_path / "elsewhere")
    page, _ = _write(store, gone, tmp_path, deployment=None, verification=None)

    assert made.task == gone.task
    assert "nova.boot_server" in page.text
    assert len(page.figures) == 4 * 4


def test_a_run_of_nothing_is_a_small_page(store: Store, tmp_path: Path) -> None:
    """Without charts, its only scripts are those of the theme and of links to Airflow; the policy allows these."""
    page, text = _write(store, MadeRun(tmp_path), tmp_path, deployment=None, verification=None, task=None)

    assert "Nothing was deployed, verified or benchmarked." in page.text
    assert len(page.scripts) == len(re.findall(r"'sha256-", _policy(page))) == 2
    assert len(text) < 100_000


def test_the_files_are_noted_as_artifacts_of_each_stage(store: Store, made: MadeRun, tmp_path: Path) -> None:
    """Every stage of a run has the report as an artifact, once."""
    for _ in range(2):
        _write(store, made, tmp_path / "out")

    for owner in (made.deployment, made.verification, made.task):
        assert [(row.kind, row.path) for row in store.artifacts.of(owner)] == [
            ("html", str(tmp_path / "out" / "report.html")),
            ("junit", str(tmp_path / "out" / "junit.xml")),
            ("json", str(tmp_path / "out" / "report.json")),
        ]


def test_a_load_that_cannot_be_believed_is_invalid_and_not_merely_failed(store: Store, tmp_path: Path) -> None:
    """Title, verdict and workload say INVALID, with reason and remedy; the other workload is unaffected."""
    made = MadeRun(tmp_path / "samples")
    make_open_loop(store, made)
    page, _ = _write(store, made, tmp_path, deployment=None, verification=None)
    words = re.sub(r"\s+", " ", page.text)

    assert "INVALID: Open loop" in words
    assert "Workload 1, HttpRequests.check_request, is INVALID: the generator started iterations late" in words
    assert "97% of a core" in words
    assert "1 of 2 workloads passed, 1 INVALID" in words
    assert "Failed" not in words.partition("Benchmark")[0].partition("INVALID: Open loop")[2]


def test_an_open_loop_shows_its_schedule_and_its_service_time(store: Store, tmp_path: Path) -> None:
    """The page has requested and delivered rate, start error, warm-up, and times from the actual start."""
    made = MadeRun(tmp_path / "samples")
    make_open_loop(store, made, keeps_up=True)
    page, _ = _write(store, made, tmp_path, deployment=None, verification=None)
    words = re.sub(r"\s+", " ", page.text)

    assert "Passed: Open loop" in words
    for told in (
        "asked for 3,800 iterations, 200/s",
        "start error p50 0.20 ms, p99 0.20 ms, max 0.20 ms",
        "warm-up 200 iterations, in no figure",
        "service time, from the actual start",
        "p99.9",
        "2 workloads at the same time",
        "group http",
        "timing: intended",
        "20% of a core",
    ):
        assert told in words


def test_the_timing_that_was_used_is_told(store: Store, made: MadeRun, tmp_path: Path) -> None:
    """With `timing: rally`, the page says that figures can be compared with Rally's, and how precise waits are."""
    with store.database.writing() as session:
        session.connection().exec_driver_sql("UPDATE tasks SET timing = 'rally'")
    page, _ = _write(store, made, tmp_path)

    assert "timing: rally" in page.text
    assert "known to a second or two" in page.text


def test_a_task_that_was_judged_before_there_were_so_many_figures_is_shown(
    store: Store, made: MadeRun, tmp_path: Path
) -> None:
    """What the statistics do not have is left out of the page."""
    task = store.tasks.get(made.task)
    assert task is not None
    for workload in task.workloads:
        figures = dict(workload.statistics or {})
        for name in ("version", "service", "schedule", "distribution", "warm_up", "dropped"):
            del figures[name]
        figures["rows"] = [{k: v for k, v in row.items() if k not in {"p99.9", "p99.99"}} for row in figures["rows"]]
        figures["timeline"] = {k: v for k, v in figures["timeline"].items() if k not in {"p50", "p99", "actions"}}
        with store.database.writing() as session:
            session.execute(update(WorkloadRow).where(WorkloadRow.uuid == workload.uuid).values(statistics=figures))
    page, _ = _write(store, made, tmp_path, deployment=None, verification=None)

    assert len(page.figures) == 2 * 4  # the scatter and the throughput
    assert "nova.boot_server" in page.text
