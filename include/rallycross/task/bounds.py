"""The bounds of all numbers in task files, in one table; `docs/task-files.md` shows it.

A number without an entry of its own is bounded by `NUMBER`, the largest integer that OpenStack's APIs accept.
"""

from typing import Any

Schema = dict[str, Any]

NUMBER = 2**31 - 1  # any other number, positive or negative: sizes, quotas, seeds
WORKLOADS = 2_500  # in one task
ITERATIONS = 1_000_000_000  # in one workload
AT_ONCE = 100_000  # virtual users of one workload: concurrency, users of a stage, iterations in flight
SECONDS = 2_678_400  # 31 days: durations, timeouts, pauses, and a load as a whole
RATE = 1_000_000  # iterations a second
HOOKS = 1_000  # of a workload
MOMENTS = 10_000  # in the `at` list of one trigger `event`
USERS = 100_000  # that one context creates, in all its projects
STAGES = 10_000  # of a rate, or of a number of users
PROCESSES = 1_024  # that generate the load
THINGS = 10_000  # projects; users and resources per project; threads that create them
GIBIBYTES = 1_000_000  # size of a volume
MESSAGE = 1_000_000  # characters of a message that a scenario generates

ITERATION: Schema = {"type": "integer", "minimum": 1, "maximum": ITERATIONS}
WORKERS: Schema = {"type": "integer", "minimum": 1, "maximum": AT_ONCE}
DURATION: Schema = {"type": "number", "minimum": 0, "maximum": SECONDS}
COUNT: Schema = {"type": "integer", "minimum": 1, "maximum": THINGS}


def bounded(schema: Any) -> Any:
    """Return a copy of the schema in which every number has bounds: its own, or the default ones."""
    if isinstance(schema, list):
        return [bounded(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: value if key == "enum" else bounded(value) for key, value in schema.items()}
    kinds = schema.get("type", ())
    if {"integer", "number"} & {*([kinds] if isinstance(kinds, str) else kinds if isinstance(kinds, list) else ())}:
        if not {"maximum", "exclusiveMaximum"} & schema.keys():
            found["maximum"] = NUMBER
        if not {"minimum", "exclusiveMinimum"} & schema.keys():
            found["minimum"] = -NUMBER
    return found
