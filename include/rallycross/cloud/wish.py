"""What one waits for in a cloud, as data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of thing that one can wait for, and where it is found."""

    service: str  # official type
    path: str  # of the collection: "/servers"
    name: str = ""  # of one, in what the API answers: "server"; "" where the answer is the thing itself
    several: str = ""  # path of a list with each one's status: "/servers/detail"; "" = there is none
    since: str = ""  # the list's parameter for those that have changed since a time: "changes-since"

    @property
    def plural(self) -> str:
        """The list's key in what the API answers."""
        return self.path.lstrip("/")


@dataclass(frozen=True)
class Wish:
    """That one thing be in a wanted status, or be no more."""

    kind: Kind
    identifier: str
    wanted: frozenset[str]  # statuses, in lower case
    gone: bool  # to be no more will do as well
    limit: float  # seconds

    @property
    def what(self) -> str:
        """What is to be said when it does not come true."""
        name = self.kind.name or self.kind.plural.removesuffix("s")
        return f"{name} {self.identifier} is not {'gone' if self.gone else ' or '.join(sorted(self.wanted)).upper()}"


def becomes(kind: Kind, identifier: str, *statuses: str, limit: float) -> Wish:
    """Return the wish that a thing be in one of the statuses, in any case, within `limit` seconds."""
    return Wish(kind, identifier, frozenset(status.lower() for status in statuses), gone=False, limit=limit)


def goes(kind: Kind, identifier: str, *, limit: float) -> Wish:
    """Return the wish that a thing be no more within `limit` seconds."""
    return Wish(kind, identifier, frozenset({"deleted", "soft_deleted"}), gone=True, limit=limit)
