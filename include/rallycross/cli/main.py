"""The `rallycross` command: one module a command, each with `configure(parser)` and `run(options) -> exit code`.

Exit codes: 0 = passed or done, 1 = the benchmark or the verification failed, 2 = it could not run.
"""

import argparse
from collections.abc import Sequence

from rallycross.cli import demo, doctor, down, logs, status, test, up
from rallycross.cli.console import progress
from rallycross.errors import InvalidInput, RallycrossError

COMMANDS = {
    "demo": demo,
    "up": up,
    "down": down,
    "status": status,
    "logs": logs,
    "doctor": doctor,
    "test": test,
}


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    whole = argparse.ArgumentParser(prog="rallycross", description="Deploy, verify, benchmark and report on OpenStack.")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        text = (module.__doc__ or "").strip()
        command = commands.add_parser(
            name,
            help=text.splitlines()[0],
            description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.configure(command)
        command.set_defaults(run=module.run)
    return whole


def main(arguments: Sequence[str]) -> int:
    """Carry out a command; what a user can act on is said in a sentence, not in a traceback."""
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except InvalidInput as error:
        count = len(error.complaints)
        progress.print(f"rallycross: {count} {'thing is' if count == 1 else 'things are'} wrong:")
        for complaint in error.complaints:
            progress.print(f"  {complaint}")
        return 2
    except RallycrossError as error:
        progress.print(f"rallycross: {error}")
        return 2
    except KeyboardInterrupt:
        return 130
