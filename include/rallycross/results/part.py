"""What the parts of the store have in common."""

from types import FunctionType

from rallycross.results.database import Database
from rallycross.results.trouble import patient


class Part:
    """One subject of the store.

    Every public method is one short transaction, which is tried again while the database is away (see `patient`).
    Rows that it returns are detached: reading them asks nothing, changing them changes nothing.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def __init_subclass__(cls) -> None:
        """Make each public method patient."""
        for name, value in list(vars(cls).items()):
            if isinstance(value, FunctionType) and not name.startswith("_"):
                setattr(cls, name, patient(value))
