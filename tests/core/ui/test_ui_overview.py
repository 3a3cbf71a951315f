"""The pages Overview and Leftovers."""

import re

from ui_results import EVIL, NOW, MadeResults, uuid_of

from rallycross.lifecycle import ledger_owner
from rallycross.ui.leftovers import Finding, leftovers_page
from rallycross.ui.overview import overview_page
from rallycross.ui.page import Links
from rallycross.views.overview import overview

LINKS = Links()


def test_each_cloud_with_what_is_known(made: MadeResults) -> None:
    """A cloud has its origin, its last deployment, verification and tasks, and the runs without a cloud are last."""
    made.store.clouds.register(
        "embedded", clouds_yaml="", spec="", engine="embedded", root="", deployment=None, environment={}
    )
    made.task("alone", cloud="none")
    made.task("old", ending="failed", at=NOW - 900)
    made.task("new", at=NOW - 800)
    made.verification("v", failing=True)
    made.deployment("d", cloud="zoo", error="no disk")

    embedded, zoo, alone = overview(made.store)

    assert (embedded.name, embedded.origin, embedded.health) == (
        "embedded",
        "deployed by the engine embedded",
        "passed",
    )
    assert [task.uuid for task in embedded.tasks] == [uuid_of("new"), uuid_of("old")]
    assert embedded.verification is not None
    assert embedded.verification.verdict == "failed"
    assert (zoo.name, zoo.health, zoo.tasks) == ("zoo", "failed", ())
    assert "not registered" in zoo.origin
    assert (alone.name, alone.verification) == ("", None)
    html = overview_page(made.store, LINKS).html
    assert html.index("zoo</a>") < html.index("Without a cloud")


def test_a_store_without_results_says_what_to_do(made: MadeResults) -> None:
    """The first look at an empty installation is a sentence."""
    assert "No clouds yet" in overview_page(made.store, LINKS).html
    assert "No run has left anything." in leftovers_page(made.store, LINKS, {}).html


def test_what_the_janitor_found_is_shown(made: MadeResults) -> None:
    """Each cloud of its last run has its groups and errors, whatever is damaged in what it returned."""
    group = {"kind": "nova.server", "names": EVIL, "things": 3, "youngest": 60, "oldest": "old", "projects": "demo"}
    found = {"cloud": "embedded", "things": 3, "found": [group, 7], "deleted": 2, "errors": ["one is locked"]}
    findings = [Finding("r/1", NOW, document) for document in (found, {"cloud": "zoo", "found": "x"}, None, [1])]

    html = leftovers_page(made.store, LINKS, {}, findings=findings).html
    narrowed = leftovers_page(made.store, LINKS, {"cloud": "zoo"}, findings=findings).html

    for said in (
        "3 things found; 2 deleted",
        "one is locked",
        "1 min 00 s",
        "/dags/janitor/runs/r%2F1",
        "<h3>zoo</h3>",
    ):
        assert said in html, said
    assert "<script>alert" not in html
    assert "one is locked" not in narrowed


def test_the_ledger_is_listed_page_by_page(made: MadeResults) -> None:
    """Every row is on one page; names are no markup, and a row that no answer confirmed says so."""
    task = made.task("t")
    for number in range(5):
        row = made.store.ledger.remember(task, "embedded", "nova.server", f"s_{number}{EVIL}")
        if number:
            made.store.ledger.learned(row, f"id-{number}")
    made.store.ledger.remember(task, "other", "nova.server", "of another")

    first = leftovers_page(made.store, LINKS, {"cloud": "embedded", "size": "3"}).html
    following = re.search(r'after=(\d+)[^"]*" rel="next"', first)
    assert following is not None
    second = leftovers_page(made.store, LINKS, {"cloud": "embedded", "size": "3", "after": following[1]}).html

    assert [name for name in range(5) if f"s_{name}" in first] == [0, 1, 2]
    assert [name for name in range(5) if f"s_{name}" in second] == [3, 4]
    assert "not confirmed" in first
    assert "of another" not in first + second
    assert "<script>alert" not in first
    assert f"/rallycross/runs/{task}" in first


def test_what_stands_of_a_deployment_is_no_leftover(made: MadeResults) -> None:
    """What a cloud itself consists of is neither counted nor listed; what a run has made is."""
    for owner, kind, name in (
        (ledger_owner("embedded"), "step", "backing services"),
        (ledger_owner("zoo"), "node", "localhost"),
        (made.task("t"), "nova.server", "s_1"),
    ):
        made.store.ledger.remember(owner, "zoo" if kind == "node" else "embedded", kind, name)

    html = leftovers_page(made.store, LINKS, {}).html

    assert "s_1" in html
    assert "backing services" not in html
    assert "zoo" not in html
    assert [one.leftovers for one in overview(made.store) if one.name == "embedded"] == [1]
    assert sum(one.leftovers for one in overview(made.store)) == 1
