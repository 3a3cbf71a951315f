"""What of a failed command's output is told: the lines that say why, and not what its script does about its end."""

import re

LAST_LINES = 20
_LOOKED_AT = 400  # lines from the end in which the cause is looked for
_COMPLAINTS = 8  # lines that call themselves an error, at most
_TRACED = 3  # the last commands of a trace: the one that failed is among them

_STAMP = r"(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.,]\d+ \| )?"  # as DevStack stamps the lines of its log
_TRACE = re.compile(rf"{_STAMP}\++(?: |\S*:\d* )")  # what `set -x` writes, by bash's own PS4 and by DevStack's
# The first thing that a trap does, in a trace or by itself; DevStack's are `err_trap` and `exit_trap`.
_TRAP = re.compile(
    rf"{_STAMP}(?:\++\S*:(?:err|exit)_trap:\d* |\++(?:\S*:\d*)? +(?:err|exit)_trap\b|Error on exit$|\S+\.sh failed\b)"
)
_TRAP_LINES = 60  # a trap's lines in a row, those of what it calls among them
_COMPLAINT = re.compile(rf"{_STAMP}(?:\[ERROR\]|\[Call Trace\]|E: |[Ee]rror: |ERROR\b|fatal: |FATAL\b)")
# What differs from try to try: numbers and times by themselves, temporary files; not a host's name or address.
_CHANGING = re.compile(r"(?<![\w.-])(?:\d+:)*\d+(?:\.\d+)?(?![\w.-]*\w)|/tmp/\S+")


def excerpt(text: str) -> tuple[str, ...]:
    """Return at most `LAST_LINES` lines of what was said, in their order and without blank ones.

    A trap's own lines are left out, and so are earlier tries of the same command. Lines that call themselves an error
    come before others, and what was said before a trace of what was done.
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
    """Return the lines before the last run of a trap; all where there is none, or nothing before it."""
    found = [number for number, line in enumerate(lines) if _TRAP.match(line)]
    if not found or found[-1] < len(lines) - _TRAP_LINES:  # something went on after it, so it was not the end
        return lines
    first = found[-1]
    for number in reversed(found):
        if first - number <= _TRAP_LINES:
            first = number
    return lines[:first] or lines


def _last_try(lines: list[str]) -> list[str]:
    """Return the lines without those that the last ones repeat, but for numbers: tries of one command, say the same."""
    shapes = [_CHANGING.sub("0", line) for line in lines]
    most, period = 0, 0
    for length in range(1, len(lines)):
        again, alike = 0, shapes if length > 1 else lines
        while again < len(lines) - length and alike[-1 - again] == alike[-1 - again - length]:
            again += 1
        # All but the line between two tries, which the first does not have.
        if again >= max(1, length - 1) and again > most and (length == 1 or len(set(alike[-length:])) > 1):
            most, period = again, length
    return lines[: len(lines) - period - most] + lines[len(lines) - period :] if most else lines
