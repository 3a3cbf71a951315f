"""The id of a test: its dotted name, and the attributes that tempest appends in brackets."""

import re
from dataclasses import dataclass
from functools import cached_property

_BEHIND = re.compile(r"(?P<name>[^\[]+)\[(?P<attributes>[^\[\]]+)\]")
# The values of tempest's decorator `attr`. The attributes of a test have an id-... or one of these.
_TYPES = frozenset({"smoke", "slow", "gate", "negative", "positive", "api", "backend", "multinode", "stress"})


@dataclass(frozen=True, order=True)
class TestId:
    """A test id, such as `tempest.api.volume.test_versions.VersionsTest.test_list_versions[id-7783,smoke]`."""

    __test__ = False  # not for pytest to collect

    full: str  # as the verifier lists it

    @property
    def name(self) -> str:
        """The id without attributes. Other brackets, such as pytest's parameters, are part of the name."""
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
        """The dotted name of the class, which a verifier sets up and tears down around its tests."""
        return re.split(r"[(\[]", self.name, maxsplit=1)[0].rpartition(".")[0]
