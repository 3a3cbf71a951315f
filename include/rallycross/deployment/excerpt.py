"""Choose the lines of a failed command's output that explain the failure."""

import re

LAST_LINES = 20
_LOOKED_AT = 400  # lines at the end that are searched
_COMPLAINTS = 8  # at most this many lines that begin with "error" or the like
_TRACED = 3  # the last commands of a trace: the failed one is among them

_STAMP = r"(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.,]\d+ \| )?"  # the time stamp in DevStack's log
_TRACE = re.compile(rf"{_STAMP}\++(?: |\S*:\d* )")  # the output of `set -x`, with bash's own PS4 or DevStack's
# The first line of a trap, in a trace or without one; DevStack's traps are `err_trap` and `exit_trap`.
_TRAP = re.compile(
    rf"{_STAMP}(?:\++\S*:(?:err|exit)_trap:\d* |\++(?:\S*:\d*)? +(?:err|exit)_trap\b|Error on exit$|\S+\.sh failed\b)"
)
_TRAP_LINES = 60  # consecutive lines of a trap and of what it calls
_COMPLAINT = re.compile(rf"{_STAMP}(?:\[ERROR\]|\[Call Trace\]|E: |[Ee]rror: |ERROR\b|fatal: |FATAL\b)")
# What differs between retries: standalone numbers and times, temporary files; not the name or address of a host.
_CHANGING = re.compile(r"(?<![\w.-])(?:\d+:)*\d+(?:\.\d+)?(?![\w.-]*\w)|/tmp/\S+")


def excerpt(text: str) -> tuple[str, ...]:
    """Return at most `LAST_LINES` lines of the output, in order and without blank lines.

    Lines of a trap and of earlier retries of the same command are left out. Error lines are chosen before other
    output, and other output before the lines of a trace.
    """
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    lines = _last_try(_before_trap(lines)[-_LOOKED_AT:])
    numbers = range(len(lines))
    traced = [number for number in numbers if _TRACE.match(lines[number])]
    said = sorted({*numbers} - {*traced})
    complaints = [number for number in said if _COMPLAINT.match(lines[number])]
    chosen: set[int] = set()
    for wanted in (traced[-_TRACED:], complaints[-_COMPLAINTS:], reversed(said), reversed(traced)):
        for number in wanted:
            if len(chosen) < LAST_LINES:
                chosen.add(number)
    return tuple(lines[number] for number in sorted(chosen))


def _before_trap(lines: list[str]) -> list[str]:
    """Return the lines before the last trap; all lines if there is no trap, or nothing before it."""
    found = [number for number, line in enumerate(lines) if _TRAP.match(line)]
    if not found or found[-1] < len(lines) - _TRAP_LINES:  # other output follows, so the trap did not end the script
        return lines
    first = found[-1]
    for number in reversed(found):
        if first - number <= _TRAP_LINES:
            first = number
    return lines[:first] or lines


def _last_try(lines: list[str]) -> list[str]:
    """Return the lines without the earlier retries: blocks that the last lines repeat, apart from numbers."""
    shapes = [_CHANGING.sub("0", line) for line in lines]
    most, period = 0, 0
    for length in range(1, len(lines)):
        again, alike = 0, shapes if length > 1 else lines
        while again < len(lines) - length and alike[-1 - again] == alike[-1 - again - length]:
            again += 1
        # The line between two tries is missing before the first one.
        if again >= max(1, length - 1) and again > most and (length == 1 or len(set(alike[-length:])) > 1):
            most, period = again, length
    return lines[: len(lines) - period - most] + lines[len(lines) - period :] if most else lines
