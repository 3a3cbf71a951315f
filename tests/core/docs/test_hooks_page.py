"""The page on hooks is true: its task files are valid, its sentences are understood, its action acts."""

import re
from typing import Any

import pytest
import yaml

from rallycross.catalogue import known
from rallycross.load_hooks.action import ACTIONS
from rallycross.load_hooks.faults.sentence import NETWORK_ACTS, NODE_ACTS, SERVICE_ACTS, understand
from rallycross.load_hooks.hooks import Hooks
from rallycross.load_hooks.target import HookTarget
from rallycross.results.store import Store
from rallycross.settings import CHECKOUT
from rallycross.task.plan import Hook

TEXT = (CHECKOUT / "docs" / "hooks.md").read_text()


def test_each_hook_of_the_page_is_valid() -> None:
    """Nothing speaks against the actions and the triggers that the page shows."""
    hooks = [
        hook
        for block in re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
        for hook in yaml.safe_load(block)["hooks"]
    ]
    assert len(hooks) == 4
    for hook in hooks:
        for named, there in ((hook["action"], known().actions), (hook["trigger"], known().triggers)):
            [(name, args)] = named.items()
            assert list(there[name](args)) == []


def test_each_sentence_of_the_page_is_understood() -> None:
    """All acts stand in the page's table, in sentences that are understood."""
    table = TEXT[TEXT.index("| sentence |") : TEXT.index("A service can be followed")]
    sentences = [*re.findall(r"`((?:\w+) [^`]*(?:service|nodes))`", table), "reboot one node"]
    acts = {understand(sentence).act for sentence in sentences} | set(re.findall(r"`(\w+) \.\.\.`", table))
    assert acts == {*SERVICE_ACTS, *NODE_ACTS, *NETWORK_ACTS}


def test_the_action_of_the_page_acts(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's own action can be set off, and shows its text."""
    monkeypatch.setattr(ACTIONS, "_found", dict(ACTIONS._found))
    monkeypatch.setitem(ACTIONS.__dict__, "all", dict(ACTIONS.all))
    [code] = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    ACTIONS.all["note"] = ACTIONS._found["note"]
    note = Hook("note", "so it is", "event", {"unit": "iteration", "at": [1]})
    hooks = Hooks([note], HookTarget("c", "w", sqlite_store))
    hooks.started(1)
    [result] = hooks.close()
    assert result["results"][0]["output"]["complete"][0]["data"] == ["so it is"]
