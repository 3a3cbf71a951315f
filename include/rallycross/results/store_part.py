"""The base class of the store's parts."""

from types import FunctionType

from rallycross.results.database import Database
from rallycross.results.database_errors import patient


class StorePart:
    """One subject of the store.

    Every public method is one short transaction, and is retried while the database is unavailable (see `patient`).
    Rows that it returns are detached: reading them does not query the database, changing them does not update it.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def __init_subclass__(cls) -> None:
        """Make each public method patient."""
        for name, value in list(vars(cls).items()):
            if isinstance(value, FunctionType) and not name.startswith("_"):
                setattr(cls, name, patient(value))
