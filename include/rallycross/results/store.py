"""The store: the only access to the results database."""

from typing import Self

from rallycross.results.artifacts import Artifacts
from rallycross.results.changes import Changes
from rallycross.results.clouds import Clouds
from rallycross.results.database import Database
from rallycross.results.deployments import Deployments
from rallycross.results.figures import Figures
from rallycross.results.history import History
from rallycross.results.ledger import Ledger
from rallycross.results.recipe_runs import RecipeRuns
from rallycross.results.run_list import RunList
from rallycross.results.tasks import Tasks
from rallycross.results.verification_tests import VerificationTests
from rallycross.results.verifications import Verifications
from rallycross.results.workloads import Workloads
from rallycross.settings import settings


class Store:
    """Stores everything but samples. Each part has one subject."""

    def __init__(self, url: str, *, patience: float = 0.0) -> None:
        self.database = Database(url, patience=patience)
        self.clouds = Clouds(self.database)
        self.deployments = Deployments(self.database)
        self.verifications = Verifications(self.database)
        self.tests = VerificationTests(self.database)
        self.tasks = Tasks(self.database)
        self.workloads = Workloads(self.database)
        self.figures = Figures(self.database)
        self.history = History(self.database)
        self.runs = RunList(self.database)
        self.recipe_runs = RecipeRuns(self.database)
        self.changes = Changes(self.database)
        self.artifacts = Artifacts(self.database)
        self.ledger = Ledger(self.database)

    @classmethod
    def open(cls, url: str | None = None) -> Self:
        """Open the database at `url` (default: the setting); create and migrate it as needed."""
        return cls(url or settings().results_url, patience=settings().database_patience)

    def close(self) -> None:
        """Close all connections."""
        self.database.close()
