"""The id of a test: its dotted name, and the attributes that tempest writes behind it in brackets."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class TestId:
    """Such as `tempest.api.volume.test_versions.VersionsTest.test_list_versions[id-7783,smoke]`."""

    __test__ = False  # not for pytest to collect

    full: str  # as the verifier knows it

    @property
    def name(self) -> str:
        """The id without attributes."""
        return self.full.partition("[")[0] if self.full.endswith("]") else self.full

    @property
    def tags(self) -> tuple[str, ...]:
        """The attributes: `smoke`, `id-...`, the services that the test needs."""
        if not self.full.endswith("]"):
            return ()
        return tuple(tag for tag in self.full[:-1].partition("[")[2].split(",") if tag)

    @property
    def class_name(self) -> str:
        """The dotted name of the class: what a verifier sets up and tears down around its tests."""
        return self.name.partition("(")[0].rpartition(".")[0]
