"""Shows the figures of one recipe on several clouds side by side."""

from collections.abc import Collection
from typing import Any

from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import AirflowSkipException

from operators.stage import StageOperator, reports_failure

_LOOKED_AT = 10  # newest results of a cloud: some may be of runs that have not ended


class CompareCloudsOperator(StageOperator):
    """Logs a table of the newest results on each of `clouds` that have the tag `tag`.

    Returns the uuids of the tasks by cloud.
    """

    def __init__(self, *, clouds: Collection[str], tag: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.clouds = clouds
        self.tag = tag

    @reports_failure
    def execute(self, context: Context) -> dict[str, str]:
        """Read the figures and log them."""
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross.views.history import verdict_word  # noqa: PLC0415
        from rallycross.views.side_by_side import side_by_side  # noqa: PLC0415

        del context
        tasks = {}
        for cloud in self.clouds:
            newest = store().tasks.latest(cloud=cloud, tag=self.tag, limit=_LOOKED_AT)
            ended = next((task.uuid for task in newest if task.status != "running"), None)
            tasks[cloud] = store().tasks.get(ended) if ended else None
            task = tasks[cloud]
            self.log.info("%s: %s", cloud, f"task {task.uuid}, {verdict_word(task)}" if task else "no results yet")
        if not any(tasks.values()):
            raise AirflowSkipException("no cloud has results of this recipe yet")
        for line in side_by_side(tasks).lines():
            self.log.info("%s", line)
        return {cloud: task.uuid for cloud, task in tasks.items() if task}
