"""The history of a recipe on a cloud is judged after each run, and its changes are stored."""

import pytest
from recipe_history import SCENARIO, add_run, durations, figures

from rallycross.errors import RallycrossError
from rallycross.judging.changes.after_run import HistoryJudgement, judge_history
from rallycross.results.recipe_runs import recipe_of
from rallycross.results.sla_row import SlaRow
from rallycross.results.store import Store
from rallycross.views.changes import change_entries, change_sentence, judgement_sentences

STEP = 30


def _judged(store: Store, values: list[float], since: int) -> list[HistoryJudgement]:
    """Store runs with these medians, and judge the history after each one from `since` on."""
    judgements = []
    for number, seconds in enumerate(values):
        versions = {"nova": "32" if number >= STEP else "31", "machine": "m"}
        uuid = add_run(store, f"run {number}", figures(seconds), environment={"versions": versions})
        if number >= since:
            judgements.append(judge_history(store, uuid))
    return judgements


def test_a_change_is_confirmed_and_stored_once(store: Store) -> None:
    """A slower recipe asks for a confirmation, then has a change of each figure, with first run and environment."""
    judgements = _judged(store, durations(STEP + 8, step_at=STEP, factor=1.2), STEP - 1)
    confirmed = next(number for number, one in enumerate(judgements) if one.changes)

    assert not judgements[0].confirm
    assert judgements[confirmed - 1].confirm
    assert all(one.worse for one in judgements[confirmed - 1].suspicions)
    rows = judgements[confirmed].changes
    assert {(row.action, row.figure) for row in rows} == {
        ("", "p50"),
        ("", "p95"),
        ("", "throughput"),
        ("keystone.authenticate", "p50"),
        ("keystone.authenticate", "p95"),
    }
    assert [row.environment for row in rows] == [[{"what": "versions.nova", "before": "31", "after": "32"}]] * 5
    assert all((row.worse and abs(row.low) < abs(row.high)) or row.figure == "throughput" for row in rows)
    first = store.tasks.get(rows[0].first_task)
    assert first is not None
    assert first.environment["versions"]["nova"] == "32"
    assert not any(one.changes or one.confirm for one in judgements[confirmed + 1 :])
    assert len(store.changes.latest(cloud="c", recipe="nightly")) == 5


def test_judging_again_finds_the_same(store: Store) -> None:
    """A retry returns the changes that the first try has stored, and stores no others."""
    judgements = _judged(store, durations(STEP + 8, step_at=STEP, factor=1.2), STEP)
    confirmed = next(one for one in judgements if one.changes)
    again = judge_history(store, confirmed.changes[0].found_task)

    assert [row.id for row in again.changes] == [row.id for row in confirmed.changes]
    assert [change_sentence(row) for row in again.changes] == [change_sentence(row) for row in confirmed.changes]


def test_an_improvement_is_a_change_too(store: Store) -> None:
    """A faster recipe has changes for the better, said as such."""
    judgements = _judged(store, durations(STEP + 9, step_at=STEP, factor=0.85), STEP)
    rows = next(one.changes for one in judgements if one.changes)

    assert not any(row.worse for row in rows)
    median = next(row for row in rows if row.figure == "p50" and row.action)
    sentence = change_sentence(median)
    assert sentence.startswith(f"keystone.authenticate in {SCENARIO} (workload 1): median is faster by 1")
    assert f"since run {median.first_task[:8]}; changed there: versions.nova 31 → 32" in sentence


def test_a_recovery_is_a_change_too(store: Store) -> None:
    """A recipe that is slower for nine runs has a second change when it is as before, which says what it was before."""
    values = durations(STEP + 20, step_at=STEP, factor=1.25)
    values[STEP + 9 :] = durations(STEP + 20)[STEP + 9 :]
    judgements = _judged(store, values, STEP)
    medians = [row for one in judgements for row in one.changes if row.figure == "p50" and row.action]

    assert [row.worse for row in medians] == [True, False]
    assert medians[0].low < 0.25 < medians[0].high
    assert medians[1].low < -0.2 < medians[1].high


def test_failures_are_a_change_in_percentage_points(store: Store) -> None:
    """A recipe in which 10 of 100 iterations begin to fail has a higher failure rate, and no other change."""
    values = durations(STEP + 10)
    judgements = []
    for number, seconds in enumerate(values):
        uuid = add_run(store, f"run {number}", figures(seconds, failed=10 if number >= STEP else 0))
        judgements.append(judge_history(store, uuid))
    [row] = next(one.changes for one in judgements if one.changes)

    assert (row.figure, row.worse) == ("failure_rate", True)
    assert row.low < 0.1 < row.high
    assert "failure rate is higher by 10 percentage points [" in change_sentence(row)


def test_only_comparable_runs_are_history(store: Store) -> None:
    """Invalid and crashed runs, other clouds, other recipes, and other loads are not part of a history."""
    invalid = [SlaRow("invalid_load", passed=False, detail="late")]
    for number, seconds in enumerate(durations(STEP)):
        add_run(store, f"run {number}", figures(seconds))
        add_run(store, f"invalid {number}", figures(seconds * 2), sla=invalid)
        add_run(store, f"crashed {number}", figures(seconds * 2), status="crashed")
        add_run(store, f"cloud {number}", figures(seconds * 2), cloud="d")
        add_run(store, f"recipe {number}", figures(seconds * 2), tags=("recipe:weekly",))
        add_run(store, f"load {number}", figures(seconds * 2), concurrency=3)
        add_run(store, f"timing {number}", figures(seconds * 2), timing="rally")
    found = judge_history(store, add_run(store, "newest", figures(0.1)))
    of_invalid = judge_history(store, add_run(store, "last", figures(0.3), sla=invalid))

    assert (found.series, found.changes, found.suspicions) == (6, [], [])
    assert (of_invalid.series, of_invalid.confirm) == (0, False)


def test_a_task_without_a_tag_is_known_by_its_title(store: Store) -> None:
    """The recipe of a task is its tag `recipe:NAME`, else its title; an unknown task is an error."""
    tagged, untagged = add_run(store, "a", figures(1)), add_run(store, "b", figures(1), tags=("x",), title="By hand")
    rows = [store.tasks.get(uuid) for uuid in (tagged, untagged)]

    assert [recipe_of(row) for row in rows if row] == ["nightly", "By hand"]
    assert judge_history(store, untagged).runs == 1
    assert judgement_sentences(judge_history(store, untagged)) == [
        "recipe By hand on cloud c: no change seen in 1 run, 6 series"
    ]
    with pytest.raises(RallycrossError, match="there is no such task - "):
        judge_history(store, "x")


def test_changes_outlive_their_runs_and_are_acknowledged(store: Store) -> None:
    """A deleted run leaves its changes; an acknowledged one says by whom and why, and is not notified of any more."""
    judgements = _judged(store, durations(STEP + 8, step_at=STEP, factor=1.2), STEP)
    rows = next(one.changes for one in judgements if one.changes)
    store.history.delete(rows[0].first_task)
    store.changes.acknowledge(rows[0].id, by="me", note="the new nova")

    entries = {one.id: one for one in change_entries(store, cloud="c", recipe="nightly")}
    assert len(entries) == 5
    assert (entries[rows[0].id].state, entries[rows[0].id].acknowledged_by) == ("acknowledged", "me")
    assert entries[rows[1].id].state == "new"
    assert not store.changes.claim_notification(rows[0].id)
    assert [store.changes.claim_notification(rows[1].id) for _ in range(2)] == [True, False]
    store.changes.release_notification(rows[1].id)
    assert store.changes.claim_notification(rows[1].id)
    assert change_entries(store, cloud="d") == []
