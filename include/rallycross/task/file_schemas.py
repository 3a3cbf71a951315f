"""JSON schemas of task files, v2 and v1, without the arguments of scenarios, runners, contexts, SLA and hooks."""

from rallycross.task.bounds import HOOKS
from rallycross.task.flaw import Schema

TITLE_LENGTH = 255
SUBTASK_TITLE_LENGTH = 128
TAG_LENGTH = 255

_TEXT: Schema = {"type": "string"}
_TAGS: Schema = {"type": "array", "items": {"type": "string", "maxLength": TAG_LENGTH}}
_MAPPING: Schema = {"type": "object"}
# One key, the name; its value is a mapping of arguments, never null: `Dummy.dummy: {}`.
_NAMED: Schema = {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": _MAPPING}
_ACTION: Schema = {"type": "object", "minProperties": 1, "maxProperties": 1}  # `sys_call: "date"`
_HOOKS: Schema = {
    "type": "array",
    "maxItems": HOOKS,
    "items": {
        "type": "object",
        "properties": {"action": _ACTION, "trigger": _NAMED, "description": _TEXT},
        "required": ["action", "trigger"],
        "additionalProperties": False,
    },
}
_WORKLOAD = {
    "scenario": _NAMED,
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
        "description": {},  # Rally accepts anything here, and only here
        "tags": _TAGS,
        "timing": {"enum": ["intended", "rally"]},  # an extension of Rallycross
        # Simple or complex, depending on the keys. Each is checked separately, so that complaints match its kind.
        "subtasks": {"type": "array", "items": _MAPPING},
    },
    "required": ["version", "title", "subtasks"],
    "additionalProperties": False,
}

_V1_HOOK: Schema = {
    "type": "object",
    "properties": {
        "name": _TEXT,
        "args": {},
        "trigger": {
            "type": "object",
            "properties": {"name": _TEXT, "args": {}},
            "required": ["name", "args"],
            "additionalProperties": False,
        },
        "description": _TEXT,
    },
    "required": ["name", "args", "trigger"],
    "additionalProperties": False,
}
V1_TASK: Schema = {
    "type": "object",
    "additionalProperties": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "args": _MAPPING,
                "description": _TEXT,
                "runner": {"type": "object", "properties": {"type": _TEXT}, "required": ["type"]},
                "context": _MAPPING,
                "sla": _MAPPING,
                "hooks": {"type": "array", "maxItems": HOOKS, "items": _V1_HOOK},
            },
            "additionalProperties": False,
        },
    },
}
