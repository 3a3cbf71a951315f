"""The trigger forms and the tab Report in a real browser, of an Airflow that runs."""

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from browser import Tab, browsing

from rallycross.cli.airflow.api import AirflowDidNotAnswer, quoted
from rallycross.cli.airflow.ports import free_port
from rallycross.cli.airflow.processes import end, marked
from rallycross.cli.airflow.secrets import USER
from rallycross.cli.airflow.server import AirflowServer
from rallycross.cli.airflow.settings import MARK
from rallycross.results.reference import reference

pytestmark = pytest.mark.e2e  # a start of Airflow, and a run

LIMIT = 300.0  # seconds; a shared machine may be slow
DAGS = ("benchmark", "cloud_lifecycle", "deploy_cloud", "destroy_cloud", "janitor", "prune_results", "verify_cloud")
SCHEDULED = "benchmark_nightly"  # the example of a schedule, which nobody need trigger
TASK = """\
# a task that needs no cloud
version: 2
title: pasted
subtasks:
  - title: none
    scenario:
      Dummy.dummy: {sleep: 0}
    runner:
      constant: {times: 3, concurrency: 1}
"""


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowServer]:
    """Start an Airflow of this module's own."""
    home = tmp_path_factory.mktemp("forms")
    server = AirflowServer(home / "airflow", wanted_port=free_port(0))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTEST"))}
    try:
        server.up({**environment, "RALLYCROSS_HOME": str(home)}, limit=LIMIT, tell=lambda _: None)
        yield server
    finally:
        end(lambda: marked(MARK, str(server.folder)), grace=5)


@pytest.fixture(name="pasted", scope="module")
def _pasted(server: AirflowServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Paste a task file into the form of `benchmark`, send it without a cloud, and wait for the run's end."""

    async def send() -> dict[str, Any]:
        async with signed_in(server, tmp_path_factory.mktemp("profile")) as tab:
            await open_form(tab, server, "benchmark")
            await tab.fill("#element_cloud", "")
            await tab.fill("#element_task_file", TASK)
            await tab.click('[data-testid="trigger-dag-submit"]')
            return await Runs(server).one("benchmark", "success", "failed")

    return asyncio.run(send())


@pytest.fixture(name="idle", scope="module")
def _idle(server: AirflowServer, pasted: dict[str, Any]) -> AirflowServer:  # noqa: ARG001 - that run is to end before
    """Give an Airflow that begins no run: what the forms ask for as they open is a whole cloud."""
    control = server._control()
    assert control is not None
    control._server.supervisor.stopProcess("scheduler")
    return server


@pytest.fixture(name="answers")
def _answers() -> Iterator[tuple[str, threading.Semaphore]]:
    """Give a URL, and how many of its requests may be answered: the others wait, as long as a browser takes."""
    may_answer = threading.Semaphore(0)

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            may_answer.acquire(timeout=LIMIT)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/", may_answer
        may_answer.release(10)
        server.shutdown()


@contextlib.asynccontextmanager
async def signed_in(server: AirflowServer, profile: Path) -> AsyncIterator[Tab]:
    """Open a browser on a light system, and sign in as one who opens the UI for the first time."""
    async with browsing(profile, width=1440, scheme="light") as tab:
        await tab.go(server.url)
        await tab.fill("input[name=username]", USER)
        await tab.fill("input[name=password]", server.secrets.password)
        await tab.click("button[type=submit]")
        await tab.until("!location.pathname.startsWith('/auth') && document.querySelector('button') && true")
        yield tab


async def open_form(tab: Tab, server: AirflowServer, dag: str) -> None:
    """Open a DAG's page, and on it the trigger form."""
    await tab.go(f"{server.url}/dags/{dag}")
    await tab.click('[data-testid="trigger-dag-button"]')


class Runs:
    """The runs of an Airflow's DAGs, by its REST API."""

    def __init__(self, server: AirflowServer) -> None:
        self.api = server.api()

    def of(self, dag: str) -> list[dict[str, Any]]:
        """Return the runs of a DAG, the newest first."""
        found: list[dict[str, Any]] = self.api.get(f"/dags/{dag}/dagRuns?order_by=-run_after")["dag_runs"]
        return found

    async def one(self, dag: str, *states: str) -> dict[str, Any]:
        """Wait until the newest run of a DAG is in one of these states; return it."""
        deadline = time.monotonic() + LIMIT
        while True:
            with contextlib.suppress(AirflowDidNotAnswer):  # a machine that has much to do
                found = await asyncio.to_thread(self.of, dag)
                if found and found[0]["state"] in states:
                    return found[0]
            assert time.monotonic() < deadline, f"{dag} has no run that is {' or '.join(states)}"
            await asyncio.sleep(0.5)


def test_what_is_pasted_keeps_its_lines(pasted: dict[str, Any]) -> None:
    """The run's task file is the one that was pasted, line by line, and its load was run."""
    assert (pasted["conf"]["task_file"], pasted["state"]) == (TASK, "success")


async def test_the_tab_report_is_as_dark_as_airflow(
    server: AirflowServer, pasted: dict[str, Any], tmp_path: Path
) -> None:
    """Where Airflow was set to dark on a light system, the report in its tab is dark; alone it is light."""
    tab_of_run = f"{server.url}/dags/benchmark/runs/{quoted(pasted['dag_run_id'])}/plugin/rallycross-report"
    report = "document.querySelector('iframe')?.contentDocument"
    ground = "getComputedStyle({0}.body).backgroundColor"
    found = {}
    async with signed_in(server, tmp_path / "profile") as tab:
        for theme in ("dark", "light"):
            await tab.value(f"localStorage.setItem('theme', '{theme}')")
            await tab.go(tab_of_run)
            await tab.until(f"{report}?.readyState == 'complete' && {report}.querySelector('.workload') && true")
            found[theme] = await tab.value(ground.format(report))
        await tab.go(await tab.value("document.querySelector('iframe').src"))
        found["alone"] = await tab.value(ground.format("document"))

    assert found["dark"] != found["light"]
    assert found["alone"] == found["light"]


class Framed:
    """The page of Rallycross in Airflow's frame."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab

    async def until(self, expression: str) -> Any:
        """Wait until JavaScript on the page, which is `page`, gives something that is true."""
        ready = "page && page.readyState == 'complete' && page.body"
        return await self.tab.until(
            f"(page => ({ready}) ? ({expression}) : false)(document.querySelector('iframe')?.contentDocument)",
            LIMIT,
        )

    async def click(self, selector: str) -> None:
        """Click on what a selector names, and wait until another page is there."""
        named = f"page.querySelector({selector!r})"
        await self.until(f"{named} && (page.body.dataset.left = 1, {named}.click(), true)")
        await self.tab.until(
            "(page => !page || (page.readyState == 'complete' && page.body && !page.body.dataset.left))"
            "(document.querySelector('iframe')?.contentDocument)"
        )


async def test_a_run_is_followed_until_its_report(
    server: AirflowServer,
    pasted: dict[str, Any],  # noqa: ARG001 - that run is to end before
    answers: tuple[str, threading.Semaphore],
    tmp_path: Path,
) -> None:
    """The tab of a run shows how far its load is, without a reload, and then by itself the report."""
    url, may_answer = answers
    request = f"HttpRequests.check_request: {{url: '{url}', method: GET, status_code: 200}}"
    task = TASK.replace("Dummy.dummy: {sleep: 0}", request).replace("title: pasted", "title: followed")
    conf = {"cloud": "", "task_file": task}
    run = await asyncio.to_thread(server.api().post, "/dags/benchmark/dagRuns", {"logical_date": None, "conf": conf})
    async with signed_in(server, tmp_path / "profile") as tab:
        await tab.go(f"{server.url}/dags/benchmark/runs/{quoted(run['dag_run_id'])}/plugin/rallycross-report")
        page = Framed(tab)
        await page.until("page.querySelector('#live .tiles b') && (page.body.dataset.mine = 1, true)")
        done = await page.until("page.querySelector('#live .tiles b')?.textContent")
        may_answer.release()
        await page.until(
            f"page.querySelector('#live .tiles b') && page.querySelector('#live .tiles b').textContent != {done!r}"
        )
        assert await page.until("page.body.dataset.mine") == "1"
        assert "log of benchmark" in await page.until("page.querySelector('#live').textContent")
        may_answer.release(2)
        assert (
            await page.until("page.querySelector('.verdict .mark') && page.querySelector('h1')?.textContent")
            == "followed"
        )
        assert (
            await page.until(
                "page.querySelector('nav[aria-label=Sections]') && page.querySelector('.mark').textContent.trim()"
            )
            == "Passed"
        )


async def test_from_the_menu_to_runs_reports_logs_and_comparisons(
    server: AirflowServer, pasted: dict[str, Any], tmp_path: Path
) -> None:
    """One who signs in finds the pages in the menu, the report of a run, the log of its stage, and compares two."""
    (tmp_path / "task.yaml").write_text(TASK)
    home = server.folder.parent
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTEST"))}
    command = [sys.executable, "-m", "rallycross.cli", "run", str(tmp_path / "task.yaml")]
    subprocess.run(command, env={**environment, "RALLYCROSS_HOME": str(home)}, check=True, capture_output=True)  # noqa: ASYNC221 - nothing else is done meanwhile
    of_run = f"a[href$='/runs/{reference('benchmark', pasted['dag_run_id'], 'benchmark')}']"

    async with signed_in(server, tmp_path / "profile") as tab:
        await tab.click("a[href$='/plugin/rallycross']")
        page = Framed(tab)
        assert await page.until("page.querySelectorAll('.card').length") == 1
        await page.click("nav a[href$='/rallycross/runs']")
        assert await page.until("page.querySelectorAll('tbody tr').length") >= 2
        chosen = "filter(row => row.querySelector('th').textContent.trim() == 'pasted')"
        await page.until(
            f"[...page.querySelectorAll('tbody tr')].{chosen}.every(row => row.querySelector('input').click() || true)"
        )
        await page.click("form[action$=compare] button")
        assert await page.until("page.querySelector('h1')?.textContent") == "Comparison of runs"
        await page.click("a[href$='/rallycross/runs']")
        await page.click(of_run)
        assert await page.until("page.querySelector('h1')?.textContent") == "pasted"
        assert "JSON report" in await page.until("page.body.textContent")
        await page.until("(page.querySelector('.stages a.airflow').click(), true)")
        await tab.until("location.pathname.endsWith('/tasks/benchmark') && document.body?.textContent.includes('Logs')")

        for address in ("dags/benchmark/plugin/rallycross-trends", "plugin/rallycross"):
            await tab.go(f"{server.url}/{address}")
            await page.until("page.querySelector('nav') && true")
    said = [one["params"] for one in tab.said if one["method"] == "Log.entryAdded"]
    assert [one for one in said if "Content Security Policy" in str(one)] == []


async def test_every_form_can_be_sent_as_it_opens(idle: AirflowServer, tmp_path: Path) -> None:
    """A form that nobody has filled in makes a run of its DAG."""
    runs = Runs(idle)
    assert {row["dag_id"] for row in runs.api.get("/dags")["dags"]} == {*DAGS, SCHEDULED}

    async with signed_in(idle, tmp_path / "profile") as tab:
        for dag in DAGS:
            await open_form(tab, idle, dag)
            await tab.click('[data-testid="trigger-dag-submit"]')
            assert (await runs.one(dag, "queued"))["run_type"] == "manual"
