"""A page in a real browser: headless Chromium, driven by its debugging protocol."""

import asyncio
import contextlib
import json
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from debian import debian

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


def chromium(folder: Path) -> tuple[str, dict[str, str] | None]:
    """Return the browser, and the environment that it runs in (None: the tests' own); unpacked where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found, None
    tree = debian("chromium", "chromium", "fonts-dejavu-core")
    folder.mkdir(parents=True, exist_ok=True)
    fonts = folder / "fonts.conf"
    fonts.write_text(
        f"<fontconfig><dir>{tree.root}/usr/share/fonts</dir><dir>/usr/share/fonts</dir>"
        f"<cachedir>{folder}/fonts</cachedir></fontconfig>"
    )
    return str(tree.program("usr/lib/chromium/chromium")), {**tree.environment, "FONTCONFIG_FILE": str(fonts)}


class NotDoneError(AssertionError):
    """The browser has refused a command."""


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
                if "error" in message:
                    raise NotDoneError(message["error"])
                return dict(message["result"])
            self.said.append(message)

    async def value(self, expression: str) -> Any:
        """Evaluate JavaScript, waiting for what it promises."""
        found = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def go(self, url: str) -> None:
        """Open an address, and wait until its page has loaded."""
        await self.call("Page.navigate", url=url)
        await self.until("document.readyState == 'complete'")

    async def until(self, expression: str, limit: float = 120) -> Any:
        """Wait until JavaScript gives something that is true, also while one page makes room for another; return it."""
        deadline = time.monotonic() + limit
        while True:
            with contextlib.suppress(NotDoneError):
                if found := await self.value(expression):
                    return found
            assert time.monotonic() < deadline, f"never true: {expression}"
            await asyncio.sleep(0.1)

    async def click(self, selector: str) -> None:
        """Click on what a selector names, once it is there and can be clicked on."""
        one = f"document.querySelector({json.dumps(selector)})"
        await self.until(f"{one} && !{one}.disabled && ({one}.click(), true)")

    async def fill(self, selector: str, text: str) -> None:
        """Put a text in the place of what a field has, as pasting does."""
        one = f"document.querySelector({json.dumps(selector)})"
        await self.until(f"{one} && ({one}.focus(), {one}.select(), document.activeElement == {one})")
        if text:
            await self.call("Input.insertText", text=text)
        else:
            await self.value("document.execCommand('delete')")


@contextlib.asynccontextmanager
async def opened(page: Path, profile: Path, *, width: int, scheme: str) -> AsyncIterator[Tab]:
    """Open a file in a window of that width, and scroll through it so that everything is drawn."""
    async with browsing(profile, width=width, scheme=scheme) as tab:
        await tab.go(page.as_uri())
        for _ in range(100):
            await tab.value("scrollBy({top: 800, behavior: 'instant'})")
            await asyncio.sleep(0.05)
            if await tab.value("scrollY + innerHeight >= document.documentElement.scrollHeight - 2"):
                break
        yield tab


@contextlib.asynccontextmanager
async def browsing(profile: Path, *, width: int, scheme: str) -> AsyncIterator[Tab]:
    """Start a browser on an empty page, in a window of that width."""
    program, environment = chromium(profile)
    with subprocess.Popen(  # noqa: ASYNC220 - the test does nothing else meanwhile
        [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
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
                    yield tab
        finally:
            browser.terminate()
            browser.wait(30)
