"""The JSON schema of Rally's results: only what the import needs. Anything else is ignored."""

from typing import Any

FARTHEST = 4e9  # seconds from the epoch: to 2096
_SECONDS = {"type": "number", "minimum": -FARTHEST, "maximum": FARTHEST}
_SECONDS_OR_NONE = {**_SECONDS, "type": ["number", "null"]}
_DURATION = {"type": "number", "minimum": 0, "maximum": 4e9}
_DURATION_OR_NONE = {**_DURATION, "type": ["number", "null"]}
_TEXT = {"type": "string"}
_TEXT_OR_NONE = {"type": ["string", "null"]}
_MAPPING = {"type": "object"}
_NAME = {"type": "string", "maxLength": 255}
_ONE = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "propertyNames": _NAME,
    "additionalProperties": {"type": ["object", "null"]},
}

_SLA = {
    "type": ["array", "null"],
    "items": {
        "type": "object",
        "properties": {"criterion": _NAME, "success": {"type": "boolean"}, "detail": _TEXT_OR_NONE},
        "required": ["criterion", "success"],
    },
}
_ITERATION = {
    "type": "object",
    "properties": {
        "timestamp": _SECONDS_OR_NONE,
        "duration": _DURATION,
        "idle_duration": _DURATION_OR_NONE,
        "error": {"type": ["array", "null"]},
        "output": {
            "type": ["object", "null"],
            "properties": {"additive": {"type": ["array", "null"]}, "complete": {"type": ["array", "null"]}},
        },
        "atomic_actions": {
            "anyOf": [
                {"type": "object", "additionalProperties": _DURATION_OR_NONE},
                {"type": "array", "items": {"$ref": "#/$defs/action"}},
            ]
        },
    },
    "required": ["duration", "atomic_actions"],
}
_ACTION = {
    "type": "object",
    "properties": {
        "name": _TEXT,
        "started_at": _SECONDS_OR_NONE,
        "finished_at": _SECONDS_OR_NONE,
        "children": {"type": ["array", "null"], "items": {"$ref": "#/$defs/action"}},
    },
    "required": ["name"],
}
_NAMED = {  # {name: arguments}, or [name, arguments]
    "type": ["object", "array"],
    "maxProperties": 1,
    "minItems": 2,
    "maxItems": 2,
    "prefixItems": [_TEXT],
}
_HOOK_RUN = {
    "type": "object",
    "properties": {
        "hook": _TEXT,
        "description": _TEXT_OR_NONE,
        "status": _TEXT,
        "started_at": _SECONDS_OR_NONE,
        "finished_at": _SECONDS_OR_NONE,
        "triggered_by": {"type": ["object", "null"]},
        "error": {"type": ["array", "object", "string", "null"]},
        "output": {
            "type": ["object", "string", "null"],
            "properties": {"additive": {"type": ["array", "null"]}, "complete": {"type": ["array", "null"]}},
        },
    },
}
_HOOKS = {  # in all forms: see `rally_hooks`
    "type": ["array", "null"],
    "items": {
        "type": "object",
        "if": {"required": ["config"]},
        "then": {
            "properties": {
                "config": {
                    "type": "object",
                    "if": {"required": ["name"]},
                    "then": {"properties": {"name": _TEXT, "trigger": {**_MAPPING, "properties": {"name": _TEXT}}}},
                    "else": {"properties": {"action": _NAMED, "trigger": _NAMED}},
                },
                "results": {"type": ["array", "null"], "items": _HOOK_RUN},
                "summary": {"type": ["object", "null"]},
            }
        },
        "else": {**_HOOK_RUN, "required": ["hook"]},
    },
}
_WORKLOAD = {
    "type": "object",
    "properties": {
        "uuid": _TEXT,
        "description": _TEXT_OR_NONE,
        "scenario": _ONE,
        "runner": _ONE,
        "contexts": _MAPPING,
        "contexts_results": {"type": "array", "items": _MAPPING},
        "sla": _MAPPING,
        "sla_results": {"type": "object", "properties": {"sla": _SLA}},
        "hooks": _HOOKS,
        "load_duration": _DURATION_OR_NONE,
        "full_duration": _DURATION_OR_NONE,
        "created_at": _TEXT,
        "updated_at": _TEXT,
        "pass_sla": {"type": "boolean"},
        "data": {"type": "array", "items": _ITERATION},
    },
    "required": ["scenario", "runner", "data"],
}
_TASK = {
    "type": "object",
    "properties": {
        "uuid": _TEXT,
        "title": _TEXT_OR_NONE,
        "description": _TEXT_OR_NONE,
        "status": _TEXT,
        "tags": {"type": "array", "items": _TEXT},
        "env_name": _NAME,
        "created_at": _TEXT,
        "updated_at": _TEXT,
        "subtasks": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "title": _TEXT_OR_NONE,
                    "description": _TEXT_OR_NONE,
                    "workloads": {"type": "array", "items": _WORKLOAD},
                },
                "required": ["workloads"],
            },
        },
    },
    "required": ["subtasks"],
}
_OLD = {
    "type": "object",
    "properties": {
        "key": {
            "type": "object",
            "properties": {
                "name": _NAME,
                "description": _TEXT_OR_NONE,
                "pos": {"type": "integer"},
                "kw": {
                    "type": "object",
                    "properties": {
                        "args": {"type": ["object", "null"]},
                        "context": {"type": ["object", "null"]},
                        "sla": {"type": ["object", "null"]},
                        "runner": {"type": ["object", "null"], "properties": {"type": _NAME}},
                    },
                },
            },
            "required": ["kw", "name"],
        },
        "sla": _SLA,
        "hooks": _HOOKS,
        "result": {"type": "array", "items": _ITERATION},
        "load_duration": _DURATION_OR_NONE,
        "full_duration": _DURATION_OR_NONE,
        "created_at": _TEXT,
    },
    "required": ["key", "result"],
}

RESULTS: dict[str, Any] = {
    "$defs": {"action": _ACTION},
    "type": "object",
    "properties": {
        "info": {"type": "object", "properties": {"format_version": _TEXT}},
        "tasks": {"type": "array", "items": _TASK},
    },
    "required": ["tasks"],
}
OLD_RESULTS: dict[str, Any] = {"$defs": {"action": _ACTION}, "type": "array", "items": _OLD}
