"""Mangled files of every kind: each is read or refused with a message, with little time and memory."""

from collections.abc import Callable

import mangled
import pytest
import yaml
from mangled import DOCUMENTS, KINDS, TEXTS

from rallycross import catalogue
from rallycross.errors import InvalidInput
from rallycross.task import load
from rallycross.task.workload import DEFAULT_SLA

QUICK = 60  # files of a kind


@pytest.mark.parametrize("kind", KINDS)
def test_some_mangled_files_are_read_or_have_complaints(kind: str) -> None:
    """Files that were cut, doubled, renamed, or filled with odd numbers are read, or refused with a message."""
    found = mangled.hold(kind, seed=0, count=QUICK)
    assert not found.failures, "\n\n".join(found.failures[:5])


@pytest.mark.full
@pytest.mark.parametrize("kind", KINDS)
def test_a_hundred_thousand_mangled_files_are_read_or_have_complaints(
    kind: str, record_property: Callable[[str, object], None]
) -> None:
    """Of a hundred thousand files, none causes a traceback, or takes more than 5 s of processor time or 500 MB."""
    found = mangled.held(kind)
    for name, figure in (("files", mangled.count(kind)), ("seconds", found["slowest"]), ("MB", found["peak"])):
        record_property(f"{kind}: {name}", figure)
    assert not found["failures"], "\n\n".join(found["failures"][:5])
    assert found["slowest"] < mangled.SECONDS
    assert found["peak"] < mangled.MEMORY


def test_the_shapes_before_they_are_mangled_are_whole() -> None:
    """The files are valid before they are mangled."""
    known = catalogue.known()
    for document in DOCUMENTS:
        load(yaml.safe_dump(document, sort_keys=False), file="task.yaml", known=known)
    planned = load(yaml.safe_dump(DOCUMENTS[3], sort_keys=False), file="task.yaml", known=known)
    assert all(workload.sla == DEFAULT_SLA for workload in planned.workloads)
    for text in TEXTS:
        assert load(text, file="task.yaml", known=known).workloads
    for kind, of in KINDS.items():
        if kind not in {"task", "spec"}:
            for content in of.whole:
                of.take(content, mangled.random.Random(0))


@pytest.mark.parametrize(
    "text",
    ["version: [1]\ntitle: T\nsubtasks: []\n", "a: &a [*a]\n", "[" * 3000, "{{ " + "(" * 3000, "a: !!timestamp x\n"],
)
def test_what_once_went_wrong_is_told(text: str) -> None:
    """Texts that once caused tracebacks are complaints."""
    with pytest.raises(InvalidInput):
        load(text, file="task.yaml", known=catalogue.known())
