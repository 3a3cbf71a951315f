"""Log lines have no secrets and no control characters."""

import logging

import pytest

from rallycross.safe_logging import logger
from rallycross.task.flaw import flaws

CANARY = "Canary-7Xk9"


def test_a_line_is_made_safe(caplog: pytest.LogCaptureFixture) -> None:
    """Messages, arguments and tracebacks are made safe; asking for the logger again returns the same one."""
    assert logger("a_module_of_this_test") is logger("a_module_of_this_test")
    with caplog.at_level(logging.INFO):
        logger("a_module_of_this_test").info("GET %s failed: \x1b[2J", f"http://me:{CANARY}@c")
        logger("a_module_of_this_test").error("it failed", exc_info=ValueError(f"password={CANARY}\u202e"))
    assert CANARY not in caplog.text
    assert "http://me:***@c failed: \\x1b[2J" in caplog.text
    assert "ValueError: password=***" in caplog.text
    assert not {"\x1b", "\u202e"} & set(caplog.text)


SCHEMAS: list[dict[str, object]] = [
    {"type": "integer"},
    {"enum": ["a"]},
    {"pattern": "^x$"},
    {"anyOf": [{"type": "null"}, {"type": "array"}]},
    {"not": {"type": "string"}},
]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_complaint_does_not_quote_a_secret(schema: dict[str, object]) -> None:
    """A complaint quotes a wrong value, but not a secret."""
    rules = {"properties": {"user_password": schema, "colour": schema}}
    secret, other = (flaws({name: CANARY}, rules)[0].what for name in ("user_password", "colour"))
    assert CANARY not in secret
    assert CANARY in other
