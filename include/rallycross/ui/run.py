"""The page of a run: how far it is while it runs, and its report afterwards."""

import html
import time
from dataclasses import dataclass

from rallycross.results.store import Store
from rallycross.ui.page import Links, Page, fragment, rendered
from rallycross.views.live import LiveRun, RunKey, live_run

KINDS = ("html", "junit", "json")
_GOING_ON = frozenset({"queued", "running"})  # states of a run in Airflow
_NAV = '<nav aria-label="Sections">'


@dataclass(frozen=True)
class Stage:
    """A task of a run in Airflow."""

    name: str
    state: str  # "" = it has none yet
    seconds: float | None
    path: tuple[str, ...]  # of its page in Airflow, below the run's tasks


@dataclass(frozen=True)
class DagRun:
    """A run in Airflow."""

    dag_id: str
    run_id: str
    state: str = ""
    stages: tuple[Stage, ...] = ()
    writes_report: bool = True


def key_of(store: Store, uuid: str) -> RunKey | None:
    """Return the key of the task, verification or deployment with a uuid (also a workload's); None: there is none."""
    if task := store.workloads.task_of(uuid):
        return RunKey(task=task)
    if store.verifications.get(uuid):
        return RunKey(verification=uuid)
    return RunKey(deployment=uuid) if store.deployments.get(uuid) else None


def is_going_on(run: LiveRun, dag_run: DagRun | None) -> bool:
    """Tell whether a run goes on: Airflow knows it, if the run is Airflow's."""
    return dag_run.state in _GOING_ON if dag_run and dag_run.state else run.running


def run_page(store: Store, links: Links, key: RunKey, *, follow: str, dag_run: DagRun | None = None) -> Page:
    """Return the page of a run that has no report yet; `follow` is the address of its part that changes."""
    now = time.time()
    run = live_run(store, key, now=now)
    running = is_going_on(run, dag_run)
    note = _note(dag_run, running=running, known=run.known)
    return rendered(
        "run.html.j2",
        links,
        scripts=("live.js",),
        status=200 if run.known or (dag_run and dag_run.state) else 404,
        active="runs",
        run=run,
        running=running,
        follow=follow,
        note=note,
        downloads=(),
        dag_run=dag_run,
        now=now,
    )


def run_fragment(store: Store, links: Links, key: RunKey, *, dag_run: DagRun | None = None) -> Page:
    """Return the part of that page that changes."""
    now = time.time()
    run = live_run(store, key, now=now)
    running = is_going_on(run, dag_run)
    return fragment(
        "run_live.html.j2",
        links,
        run=run,
        running=running,
        note=_note(dag_run, running=running, known=run.known),
        downloads=(),
        dag_run=dag_run,
        now=now,
    )


def _note(dag_run: DagRun | None, *, running: bool, known: bool) -> str:
    if dag_run and not dag_run.writes_report:
        return f"Runs of {dag_run.dag_id} have no report. The log of each stage says more."
    if dag_run and not dag_run.state and not known:
        return "Airflow does not have this run: it may have been deleted. Choose one from the list of runs."
    return "" if running else "This run has no report yet: its stage report writes one, however the earlier stages end."


def with_links(report: str, links: Links, around: tuple[tuple[str, str], ...]) -> str:
    """Return a report with links to the other pages above it; they are not in the file."""
    made = "".join(
        f'<a href="{html.escape(address)}"{" class=airflow" if address.startswith(f"{links.airflow}/dags/") else ""}>'
        f"{html.escape(name)}</a>"
        for name, address in around
    )
    style = "grid-column: 1 / -1; display: flex; flex-wrap: wrap; gap: 0.3rem 1.2rem; padding: 0.6rem 1.3rem"
    bar = f'<div style="{style}; border-bottom: 1px solid var(--line); font-size: 0.9rem">{made}</div>\n'
    return report.replace(_NAV, bar + _NAV, 1)
