"""Messages stay readable, however long the texts that they quote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallycross.catalogue import known
from rallycross.cloud.errors import BadAnswer
from rallycross.deployment import load_spec
from rallycross.errors import Complaint, InvalidInput, RallycrossError, brief
from rallycross.task import load

LONG = "z" * 100_000


@given(st.text(max_size=300), st.integers(10, 200))
def test_a_quotation_has_beginning_and_end(text: str, most: int) -> None:
    """A short text is quoted whole, a long one never exceeds the limit."""
    quoted = brief(text, most)
    assert len(quoted) <= most
    assert quoted == text or (len(text) > most and quoted[:5] == text[:5] and text.endswith(quoted[-2:]))


def test_no_error_is_long() -> None:
    """A message keeps its lines, shortens each, and keeps what precedes and follows the quotation."""
    said = str(RallycrossError(f"c.yaml: {LONG} is no region - name one\nand {LONG} neither"))
    first, second = said.splitlines()
    assert first.startswith("c.yaml: zz")
    assert first.endswith("zz is no region - name one")
    assert second.endswith("zz neither")
    assert len(said) < 10_000
    assert len(str(RallycrossError("a\n" * 100_000))) <= 50_000
    assert len(str(BadAnswer("GET", f"http://x/{LONG}", 200, "no JSON", b"<html>"))) < 5_000


def test_complaints_are_short_and_few() -> None:
    """Each part of a complaint is short; of very many complaints, the first are shown, and the number of others."""
    one = Complaint("a.yaml", 3, 1, f"subtasks.{LONG}", f"'{LONG}' is not a number", f"available: {LONG}, b")
    assert len(str(one)) < 2_000
    assert "' is not a number - available: zz" in str(one)
    many = InvalidInput([Complaint("a.yaml", line, 1, "k", "is wrong") for line in range(1, 50_000)])
    assert len(many.complaints) == 201
    assert str(many).endswith("a.yaml:201:1: ~: and 49799 more")


@pytest.mark.parametrize(
    "text",
    [
        f"name: c\nengine: {LONG}\n",
        f"name: c\nengine: embedded\n{LONG}: 1\n",
        f"name: {LONG}\nengine: embedded\n",
        f"name: c\nengine: existing\nauth: {LONG}\n",
        f"type: {LONG}\nadmin: {{}}\n",
        f"type: ExistingCloud\nauth_url: http://x\n{LONG}: {{username: u}}\n",
        f"existing@openstack: {{auth_url: x, {LONG}: 1}}\n",
        f"name: c\nengine: fuel\nprovider: {{type: {LONG}}}\n",
    ],
)
def test_a_spec_is_refused_briefly(text: str) -> None:
    """Complaints about long values in a cloud spec are short."""
    with pytest.raises(RallycrossError) as caught:
        load_spec(text, file="c.yaml")
    assert len(str(caught.value)) < 5_000


@pytest.mark.parametrize(
    "text",
    [
        f"version: {LONG}\ntitle: t\nsubtasks: []\n",
        f"version: 2\ntitle: t\nsubtasks: [{{title: a, {LONG}: 1, scenario: {{Dummy.dummy: {{}}}}}}]\n",
        f"version: 2\ntitle: t\nsubtasks: [{{title: a, scenario: {{{LONG}: {{}}}}}}]\n",
        f"version: 2\ntitle: t\nsubtasks: [{{title: a, scenario: {{Dummy.dummy: {{sleep: {LONG}}}}}}}]\n",
        f"version: 2\ntitle: t\nsubtasks: [{{title: a, scenario: {{Dummy.dummy: {{}}}}, runner: {{{LONG}: {{}}}}}}]\n",
        f"{{{{ {LONG} }}}}",
        f"{{% include '{LONG}' %}}",
        f"{LONG}: [",
    ],
)
def test_a_task_file_is_refused_briefly(text: str) -> None:
    """Complaints about long values in a task file are short."""
    with pytest.raises(RallycrossError) as caught:
        load(text, file="task.yaml", known=known())
    assert len(str(caught.value)) < 5_000
