"""The page of a run while it runs."""

from ui_results import EVIL, NOW, MadeResults, uuid_of

from rallycross.ui.page import Links
from rallycross.ui.run import DagRun, Stage, key_of, run_fragment, run_page, with_links
from rallycross.views.live import RunKey, live_run

LINKS = Links()
PROGRESS = {
    "done": 40,
    "total": 100,
    "failed": 2,
    "dropped": 1,
    "queued": 3,
    "start_p99": 0.004,
    "rate": 4.0,
    "p50": 0.25,
    "p95": 0.5,
    "elapsed": 10.0,
    "remaining": 15.0,
}


def test_a_load_shows_how_far_it_is(made: MadeResults) -> None:
    """A running load has its rate, percentiles, failures, generator and remaining time; the next ones wait."""
    uuid = made.task("t", ending="running", workloads=2, progress=PROGRESS)

    page = run_page(made.store, LINKS, RunKey(task=uuid), follow="/rallycross/x/live")

    for said in (
        "40",
        "of 100 iterations",
        "4.00/s",
        "250 ms",
        "500 ms",
        "15.0 s to go",
        "1 iteration dropped",
        "4.00 ms",
    ):
        assert said in page.html, said
    assert 'data-follow="/rallycross/x/live"' in page.html
    assert '<noscript><meta http-equiv="refresh"' in page.html
    assert " data-ended" not in page.html


def test_a_verification_shows_how_far_it_is(made: MadeResults) -> None:
    """A running verification has its counts, the first failed tests, and the time that is left by its rate so far."""
    uuid = made.verification("v", failing=True)
    made.store.verifications.begin(uuid_of("running"), cloud="embedded", chosen="quick", total=10)

    shown = run_page(made.store, LINKS, RunKey(verification=uuid), follow="").html
    running = live_run(made.store, RunKey(verification=uuid_of("running")), now=NOW + 5)

    assert "1 passed, 1 failed" in shown
    assert "tempest.api.second" in shown
    assert running.running
    assert running.verification is not None
    assert running.verification.remaining is None


def test_the_stages_of_airflow_link_to_their_logs(made: MadeResults) -> None:
    """Each task of the run in Airflow has its state and a link to its log, also mapped ones."""
    stages = (
        Stage("check", "success", 2.0, ("check",)),
        Stage("deploy.step 3", "running", 1.0, ("deploy.step", "mapped", "3")),
        Stage(EVIL, "", None, (EVIL,)),
    )
    dag_run = DagRun("deploy_cloud", "manual/1", "running", stages)

    html = run_page(made.store, Links("/a/rallycross", "/a"), RunKey(), follow="", dag_run=dag_run).html

    assert 'href="/a/dags/deploy_cloud/runs/manual%2F1/tasks/check"' in html
    assert 'href="/a/dags/deploy_cloud/runs/manual%2F1/tasks/deploy.step/mapped/3"' in html
    assert "<script>alert" not in html
    assert "<img" not in html


def test_a_run_has_ended_when_airflow_says_so(made: MadeResults) -> None:
    """A task whose row still says running, of a run that Airflow has ended, is not followed for ever."""
    uuid = made.task("t", ending="running")

    ended = run_fragment(made.store, LINKS, RunKey(task=uuid), dag_run=DagRun("benchmark", "r", "failed"))
    running = run_fragment(made.store, LINKS, RunKey(task=uuid), dag_run=DagRun("benchmark", "r", "running"))

    assert "data-ended" in ended.html
    assert "data-ended" not in running.html


def test_a_uuid_is_of_any_stage(made: MadeResults) -> None:
    """A task, a workload, a verification and a deployment are found by their uuid, and nothing else is."""
    task = made.task("t")
    workload = made.store.tasks.get(task)
    assert workload is not None
    assert key_of(made.store, task) == RunKey(task=task)
    assert key_of(made.store, workload.workloads[0].uuid) == RunKey(task=task)
    assert key_of(made.store, made.verification("v")) == RunKey(verification=uuid_of("v"))
    assert key_of(made.store, made.deployment("d")) == RunKey(deployment=uuid_of("d"))
    assert key_of(made.store, uuid_of("nothing")) is None


def test_a_report_gets_links_around_it() -> None:
    """The links stand before the report's own navigation, and are escaped."""
    report = '<body><nav aria-label="Sections"></nav><main></main></body>'

    shown = with_links(report, LINKS, ((EVIL, "/rallycross/"), ("Airflow", "/dags/x/runs/1")))

    assert shown.index("/rallycross/") < shown.index("<nav")
    assert '<a href="/dags/x/runs/1" class=airflow>' in shown
    assert "<script>" not in shown
