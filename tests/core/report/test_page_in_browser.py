"""The page in a real browser: it draws its charts under its own policy, fits a phone, and is quiet."""

import asyncio
import contextlib
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from made_run import MadeRun

from rallycross import report
from rallycross.results.store import Store

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--remote-debugging-port=0",
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium")


class Tab:
    """A page in the browser, by its debugging protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Speak through a socket; what the page says unasked is kept."""
        self.socket = socket
        self.said: list[dict[str, Any]] = []
        self.sent = 0

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        self.sent += 1
        await self.socket.send_json({"id": self.sent, "method": method, "params": params})
        while True:
            message = await self.socket.receive_json(timeout=60)
            if message.get("id") == self.sent:
                assert "error" not in message, message
                return dict(message["result"])
            self.said.append(message)

    async def value(self, expression: str) -> Any:
        """Evaluate JavaScript, waiting for what it promises."""
        found = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")


@contextlib.asynccontextmanager
async def _open(page: Path, profile: Path, *, width: int, scheme: str) -> AsyncIterator[Tab]:
    """Open a file in a window of that width, and scroll through it so that everything is drawn."""
    with subprocess.Popen(  # noqa: ASYNC220 - the test does nothing else meanwhile
        [str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}", "about:blank"], stderr=subprocess.PIPE, text=True
    ) as browser:
        assert browser.stderr is not None
        try:
            lines = iter(browser.stderr.readline, "")
            port = next(found[1] for line in lines if (found := re.search(r"ws://127\.0\.0\.1:(\d+)/", line)))
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    tabs = await answer.json()
                url = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
                async with session.ws_connect(url, max_msg_size=0) as socket:
                    tab = Tab(socket)
                    for domain in ("Page", "Runtime", "Log", "Network"):
                        await tab.call(f"{domain}.enable")
                    await tab.call(
                        "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
                    )
                    await tab.call(
                        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
                    )
                    await tab.call("Page.navigate", url=page.as_uri())
                    await tab.value("new Promise(done => document.readyState == 'complete' ? done() : (onload = done))")
                    for _ in range(100):
                        await tab.value("scrollBy({top: 800, behavior: 'instant'})")
                        await asyncio.sleep(0.05)
                        if await tab.value("scrollY + innerHeight >= document.documentElement.scrollHeight - 2"):
                            break
                    yield tab
        finally:
            browser.terminate()
            browser.wait(30)


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
async def test_the_page_draws_fits_and_is_quiet(
    *, width: int, scheme: str, store: Store, made: MadeRun, tmp_path: Path
) -> None:
    """All charts are drawn within their cards, nothing scrolls sideways but tables, nothing is asked of the network."""
    written = report.write(
        store,
        deployment=made.deployment,
        verification=made.verification,
        task=made.task,
        folder=tmp_path / "out",
        samples=made.samples,
    )
    async with _open(written["html"], tmp_path / "profile", width=width, scheme=scheme) as tab:
        charts, drawn, widest = await tab.value(
            """[document.querySelectorAll('.chart').length,
                [...document.querySelectorAll('.plot')].filter(
                    one => one.querySelector('.point path, path.point')).length,
                Math.max(...[...document.querySelectorAll('.chart')].map(one =>
                    one.querySelector('.main-svg').getBoundingClientRect().width - one.clientWidth))]"""
        )
        sideways = await tab.value("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        ink = await tab.value("getComputedStyle(document.querySelector('.plot .xtick text')).fill")
    complaints = [said for said in tab.said if said["method"] in {"Log.entryAdded", "Runtime.exceptionThrown"}]
    asked = [said["params"]["request"]["url"] for said in tab.said if said["method"] == "Network.requestWillBeSent"]

    assert (charts, drawn) == (21, 21)
    assert widest <= 1
    assert sideways == 0
    assert complaints == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert ink == {"light": "rgb(27, 35, 48)", "dark": "rgb(229, 233, 238)"}[scheme]
