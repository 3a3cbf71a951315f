"""The commands: a module each, with `configure(parser)` and `run(options) -> exit code`; a large one has more files."""

COMMANDS = (
    "demo",
    "plan",
    "run",
    "cloud",
    "verify",
    "results",
    "clean",
    "up",
    "down",
    "status",
    "logs",
    "doctor",
    "test",
    "bench",
    "completion",
)
