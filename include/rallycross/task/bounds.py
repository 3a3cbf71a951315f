"""The bounds of the numbers that a task file can give, in one table: `docs/task-files.md` shows it.

Whatever has no line of its own here may be as large as OpenStack's APIs take whole numbers.
"""

from typing import Any

Schema = dict[str, Any]

NUMBER = 2**31 - 1  # any other number, above and below 0: sizes, quotas, seeds
WORKLOADS = 2_500  # of a task
ITERATIONS = 1_000_000_000  # of one workload
AT_ONCE = 100_000  # virtual users of one workload: concurrency, users of a stage, iterations in flight
SECONDS = 2_678_400  # 31 days: durations, timeouts, pauses, and a load as a whole
RATE = 1_000_000  # iterations a second
HOOKS = 1_000  # of a workload
MOMENTS = 10_000  # at which the trigger `event` has one act
USERS = 100_000  # that one context makes, in all its projects
STAGES = 10_000  # of a rate, or of a number of users
PROCESSES = 1_024  # that drive a load
THINGS = 10_000  # projects, users in one, what a context makes in one, threads that make it
GIBIBYTES = 1_000_000  # of a volume
MESSAGE = 1_000_000  # characters of a message that a scenario makes up

ITERATION: Schema = {"type": "integer", "minimum": 1, "maximum": ITERATIONS}
WORKERS: Schema = {"type": "integer", "minimum": 1, "maximum": AT_ONCE}
DURATION: Schema = {"type": "number", "minimum": 0, "maximum": SECONDS}
COUNT: Schema = {"type": "integer", "minimum": 1, "maximum": THINGS}


def bounded(schema: Any) -> Any:
    """Return a schema in which every number has bounds: its own, or those of any number."""
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
