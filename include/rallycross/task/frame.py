"""The frame of a task file of format v2: all but what scenarios, runners, contexts and criteria say themselves."""

from rallycross.task.flaw import Schema

TITLE_LENGTH = 255
SUBTASK_TITLE_LENGTH = 128

_TEXT: Schema = {"type": "string"}
_TAGS: Schema = {"type": "array", "items": {"type": "string"}}
_MAPPING: Schema = {"type": "object"}
_NAMED: Schema = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
}  # one key, the name; its value the arguments
_HOOKS: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"action": _NAMED, "trigger": _NAMED, "description": _TEXT},
        "required": ["action", "trigger"],
        "additionalProperties": False,
    },
}
# A scenario's arguments are a mapping, never null: `Dummy.dummy: {}`.
_SCENARIO: Schema = {**_NAMED, "additionalProperties": _MAPPING}
_WORKLOAD = {
    "scenario": _SCENARIO,
    "runner": _NAMED,
    "sla": _MAPPING,
    "hooks": _HOOKS,
    "contexts": _MAPPING,
    "description": _TEXT,
}
_GROUP = {"group": _TEXT, "description": _TEXT, "tags": _TAGS}

WORKLOAD: Schema = {
    "type": "object",
    "properties": _WORKLOAD,
    "required": ["scenario"],
    "additionalProperties": False,
}
SIMPLE_SUBTASK: Schema = {
    "type": "object",
    "properties": {"title": {"type": "string", "maxLength": SUBTASK_TITLE_LENGTH}, **_GROUP, **_WORKLOAD},
    "required": ["title", "scenario"],
    "additionalProperties": False,
}
COMPLEX_SUBTASK: Schema = {
    "type": "object",
    "properties": {
        "title": _TEXT,
        **_GROUP,
        "workloads": {"type": "array", "minItems": 1, "items": WORKLOAD},
        "run_in_parallel": {"type": "boolean"},
    },
    "required": ["title", "workloads"],
    "additionalProperties": False,
}
TASK: Schema = {
    "type": "object",
    "properties": {
        "version": {"enum": [2, "2"]},
        "title": {"type": "string", "maxLength": TITLE_LENGTH},
        "description": _TEXT,
        "tags": _TAGS,
        # Each is a simple or a complex one: which, is seen by its keys, so that complaints are about the one it is.
        "subtasks": {"type": "array", "items": _MAPPING},
    },
    "required": ["version", "title", "subtasks"],
    "additionalProperties": False,
}
