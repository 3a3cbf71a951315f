"""`verify show`, `verify history` and `verify compare`."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from rallycross.cli.commands.verify_files import write
from rallycross.cli.console import console, json_text, print_json, write_raw
from rallycross.cli.grid import Grid
from rallycross.cli.named_cloud import check_name
from rallycross.errors import RallycrossError
from rallycross.judging.causes import causes, request_ids
from rallycross.judging.verification_comparison import Change, Comparison, compare, flips
from rallycross.printable import printable_json
from rallycross.report.document import document
from rallycross.report.run import gather
from rallycross.report.verification_comparison import page
from rallycross.results.models import TestRow, VerificationRow
from rallycross.results.store import Store
from rallycross.secret import shown
from rallycross.settings import settings
from rallycross.verification.test import FAILED, outcomes
from rallycross.views.history import entries
from rallycross.views.verification import ServiceTests, verification_view
from rallycross.views.verification_comparison import Section, duration_sections, outcome_sections
from rallycross.views.wording import duration, moment

_NAMED = 5  # tests of one cause that are listed


def show_(options: argparse.Namespace) -> int:
    """Show a verification."""
    store = Store.open()
    row = store.verifications.find(options.uuid)
    tests = store.tests.of(row.uuid)
    code = 1 if row.status != "finished" or any(test.status in FAILED for test in tests) else 0
    if options.json:
        run = gather(store, deployment=None, verification=row.uuid, task=None, samples=settings().samples)
        write_raw(printable_json(document(run)))
        return code
    console.print(f"verification {row.uuid} of {row.cloud}, begun {moment(row.started_at)}: {row.status}")
    if row.error:
        console.print(row.error)
    for line in summary(row, tests):
        console.print(line)
    if options.sort_by:
        key = (lambda test: test.name) if options.sort_by == "name" else (lambda test: -test.seconds)
        _print_tests(sorted(tests, key=key))
    if options.detailed:
        for test in tests:
            if test.status in FAILED:
                console.print(f"\n{test.status} {test.name}\n{test.traceback}")
                console.print(f"requests: {', '.join(request_ids(test.traceback)) or 'none known'}")
    return code


def summary(row: VerificationRow, tests: Sequence[TestRow]) -> Iterator[str | Grid]:
    """Yield totals, a table by service, and the failures by cause."""
    view = verification_view(tests)
    count = view.counts
    ran = count["passed"] + count["failed"]
    share = f" ({100 * count['passed'] / ran:.1f} % of the tests that ran)" if ran else ""
    yield f"{row.chosen}, {row.environment.get('verifier', 'imported')}: {len(tests)} of {row.total} tests"
    yield f"{count['passed']} passed{share}, {count['failed']} failed, {count['skipped']} skipped"
    if row.ended_at is not None:
        yield f"it took {duration(row.ended_at - row.started_at)}"
    if tests:
        yield _by_service(view.services)
    for cause in view.causes:
        yield f"\n{len(cause.tests)} failed: {cause.message}"
        for test in cause.tests[:_NAMED]:
            yield f"  {test.name}"
        if len(cause.tests) > _NAMED:
            yield f"  and {len(cause.tests) - _NAMED} more"


def history_(options: argparse.Namespace) -> int:
    """List the verifications, or the results of one test in all of them."""
    store = Store.open()
    check_name(options.cloud, store)
    if options.test:
        return _test_history(store, options)
    rows = store.verifications.latest(cloud=options.cloud, limit=options.last)
    if options.json:
        print_json({"results": [asdict(one) for one in entries(store, rows)]})
        return 0
    counts = store.tests.counts([row.uuid for row in rows])
    table = Grid("uuid", "cloud", "begun", "tests", "status", "passed", "failed", "skipped", "took")
    for row in rows:
        count = outcomes(counts[row.uuid])
        took = duration(row.ended_at - row.started_at) if row.ended_at else "-"
        figures = (str(count[one]) for one in ("passed", "failed", "skipped"))
        table.add_row(row.uuid, row.cloud, moment(row.started_at), row.chosen, row.status, *figures, took)
    console.print(table)
    return 0


def compare_(options: argparse.Namespace) -> int:
    """Show the differences; return 1 if tests broke."""
    store = Store.open()
    check_name(options.cloud, store)
    if options.uuids:
        rows = sorted((store.verifications.find(one) for one in options.uuids), key=lambda row: row.started_at)
    else:
        rows = store.verifications.latest(cloud=options.cloud, limit=options.last)[::-1]
    if len({row.uuid for row in rows}) < 2:
        raise RallycrossError("two verifications are needed to compare - ./rallycross verify history lists all")
    runs = [(row, store.tests.of(row.uuid)) for row in rows]
    found = compare(runs, ratio=options.slower)
    if options.json or options.format == "json":
        write(f"{json_text(shown(found.data()))}\n".encode(), options.to)
    elif options.format == "html":
        write(page(found, runs).encode(), options.to)
    elif options.to != "-":
        raise RallycrossError("--to: a file needs a format - add --format html or --format json")
    else:
        _print_comparison(found, rows)
    return 1 if found.broken else 0


def _print_comparison(found: Comparison, rows: Sequence[VerificationRow]) -> None:
    for row in rows:
        console.print(f"{row.uuid}  {row.cloud}  {moment(row.started_at)}  {row.chosen}")
    for section in outcome_sections(found):
        _print_head(section)
        for change in section.changes:
            console.print(f"  {change.name}  {' > '.join(status or '-' for status in change.statuses)}")
    for section in duration_sections(found):
        _print_head(section)
        _print_durations(section.changes)
    if found.differs:
        console.print(
            f"\n{len(found.new)} only in the last, {len(found.gone)} missing in the last, {found.same} as before"
        )
    else:
        console.print(f"\nno difference: {found.same + len(found.failing)} tests ended as before")


def _test_history(store: Store, options: argparse.Namespace) -> int:
    ends = store.tests.history(options.test, cloud=options.cloud, limit=options.last)
    if not ends:
        raise RallycrossError(f"test {options.test!r}: no verification has run it - give its full dotted name")
    if options.json:
        results = [
            {
                "verification": end.verification.uuid,
                "cloud": end.verification.cloud,
                "started_at": end.test.started_at,
                "status": end.test.status,
                "seconds": end.test.seconds,
                "reason": end.test.reason,
            }
            for end in ends
        ]
        print_json({"test": options.test, "results": results})
        return 0
    table = Grid("verification", "cloud", "begun", "status", "took", "")
    for end in ends:
        why = end.test.reason or (causes([end.test])[0].message.splitlines()[0] if end.test.status in FAILED else "")
        row = end.verification
        table.add_row(row.uuid, row.cloud, moment(row.started_at), end.test.status, duration(end.test.seconds), why)
    console.print(table)
    turns = flips([end.test.status for end in reversed(ends)])
    console.print(f"it changed between passing and failing {turns} times in {len(ends)} verifications")
    return 0


def _print_head(section: Section) -> None:
    meaning = section.meaning[:1].lower() + section.meaning[1:].rstrip(".")
    console.print(f"\n{len(section.changes)} {section.title.lower()}: {meaning}")


def _print_durations(changes: Sequence[Change]) -> None:
    table = Grid("by", "times", "took", "test")
    for change in changes:
        took = " > ".join("-" if seconds is None else duration(seconds) for seconds in change.seconds)
        table.add_row(f"{change.slower_by:+.1f} s", f"{change.ratio:.2f}", took, change.name)
    console.print(table)


def _print_tests(tests: Sequence[TestRow]) -> None:
    table = Grid("status", "took", "test", "reason")
    for test in tests:
        table.add_row(test.status, duration(test.seconds), test.name, test.reason)
    console.print(table)


def _by_service(services: Sequence[ServiceTests]) -> Grid:
    table = Grid("service", "passed", "failed", "skipped", "total time")
    for one in services:
        table.add_row(one.service, str(one.passed), str(one.failed), str(one.skipped), duration(one.seconds))
    return table
