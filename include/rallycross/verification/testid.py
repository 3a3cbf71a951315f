"""The id of a test: its dotted name, and the attributes that tempest writes behind it in brackets."""

import re
from dataclasses import dataclass
from functools import cached_property

_BEHIND = re.compile(r"(?P<name>[^\[]+)\[(?P<attributes>[^\[\]]+)\]")
# Types of tests, by which tempest's decorator `attr` marks them; its services stand beside an id-... or one of these.
_TYPES = frozenset({"smoke", "slow", "gate", "negative", "positive", "api", "backend", "multinode", "stress"})


@dataclass(frozen=True, order=True)
class TestId:
    """Such as `tempest.api.volume.test_versions.VersionsTest.test_list_versions[id-7783,smoke]`."""

    __test__ = False  # not for pytest to collect

    full: str  # as the verifier knows it

    @property
    def name(self) -> str:
        """The id without attributes. Other brackets, such as of pytest's parameters, are of the name."""
        return self._parts[0]

    @property
    def tags(self) -> tuple[str, ...]:
        """The attributes: `smoke`, `id-...`, the services that the test needs."""
        return self._parts[1]

    @cached_property
    def _parts(self) -> tuple[str, tuple[str, ...]]:
        if found := _BEHIND.fullmatch(self.full):
            tags = tuple(tag for tag in found["attributes"].split(",") if tag)
            if any(tag.startswith("id-") or tag in _TYPES for tag in tags):
                return found["name"], tags
        return self.full, ()

    @property
    def class_name(self) -> str:
        """The dotted name of the class: what a verifier sets up and tears down around its tests."""
        return re.split(r"[(\[]", self.name, maxsplit=1)[0].rpartition(".")[0]
