"""The page in a real browser: it draws its charts under its own policy, fits a phone, and is quiet."""

from pathlib import Path

import pytest
from browser import opened
from made_run import MadeRun

from rallycross import report
from rallycross.results.store import Store


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
    async with opened(written["html"], tmp_path / "profile", width=width, scheme=scheme) as tab:
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
