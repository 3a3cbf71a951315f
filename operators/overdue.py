"""What Airflow's triggerer does when a run is overdue."""

import logging
from typing import Any

_log = logging.getLogger(__name__)


async def tell(*, recipe: str, limit: str, context: dict[str, Any] | None = None) -> None:
    """Log that a run has not ended within its deadline; Airflow's UI shows it with the run, too."""
    run = (context or {}).get("dag_run") or {}
    _log.error(
        "%s: the run %s has not ended within %s after it was queued - see its tasks, or raise `deadline` of the recipe",
        recipe,
        run.get("dag_run_id", "(unknown)") if isinstance(run, dict) else getattr(run, "run_id", "(unknown)"),
        limit,
    )
