"""The commands: one module each, with `configure(parser)` and `run(options) -> exit code`; some have more modules."""

COMMANDS = (
    "demo",
    "plan",
    "run",
    "gate",
    "scenarios",
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
