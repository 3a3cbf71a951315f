"""What is secret in a spec or a task shows nowhere."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rallycross import lifecycle
from rallycross.deployment import load_spec
from rallycross.secret import hidden, masked, shown
from rallycross.settings import CHECKOUT


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_a_spec_is_shown_without_its_passwords_however_they_are_written(password: str) -> None:
    """Quoted, escaped or folded: the entry is masked, and the rest can be read."""
    spec = {"name": "mine", "engine": "existing", "auth": {"auth_url": "http://c", "password": password}}
    folded = yaml.safe_dump(spec, default_style='"', width=20, sort_keys=False)
    for text in (json.dumps(spec), yaml.safe_dump(spec, sort_keys=False), folded):
        seen = yaml.safe_load(lifecycle.shown(load_spec(text, file="c.yaml")))
        assert seen["auth"]["password"] == "***"
        assert list(seen) == list(spec)


def test_what_stands_under_a_secret_key_is_masked_at_any_depth() -> None:
    """Texts and long numbers are; a truth, nothing or a count is no secret. The same text elsewhere goes as well."""
    data = {"tokens": [{"a": "one", "b": 2222}, None], "use_password": True, "line": "PASS=one two", "rest": [1, "x"]}
    assert masked(data, ["one"]) == {
        "tokens": [{"a": "***", "b": "***"}, None],
        "use_password": True,
        "line": "PASS=*** two",
        "rest": [1, "x"],
    }


def test_a_secret_that_begins_another_leaves_nothing_of_it() -> None:
    """The longer one is hidden as a whole, in whatever order they are known."""
    for secrets in (("hush", "hush-7Xk9"), ("hush-7Xk9", "hush")):
        assert hidden("say hush-7Xk9 and hush", secrets) == "say *** and ***"


def test_a_task_shows_no_password() -> None:
    """Neither one that is named nor one that stands beside its user; all else is as it was."""
    args = {"url": "http://me:hush@c", "auth": ["me", "hush"], "user_password": "other", "times": 2}
    assert shown(args) == {"url": "http://me:***@c", "auth": ["***", "***"], "user_password": "***", "times": 2}


@pytest.mark.parametrize("file", sorted((CHECKOUT / "include/clouds").glob("*.yaml")), ids=lambda file: file.name)
def test_what_is_shown_of_a_shipped_spec_can_be_read_again(file: Path) -> None:
    """What is no secret, such as the cost of password hashes, is as it was: the results keep a spec as it is shown."""
    spec = load_spec(file.read_text(), file=file.name)
    assert load_spec(lifecycle.shown(spec), file=file.name).options == spec.options
