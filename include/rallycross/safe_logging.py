"""Loggers whose lines are safe to show: secrets are masked, and control characters escaped."""

import logging
import traceback

from rallycross.printable import printable
from rallycross.secret import shown_text


class _SafeFilter(logging.Filter):
    """Makes the message and the traceback of a record safe."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = printable(shown_text(record.getMessage())), ()
        if record.exc_info and record.exc_info[1]:
            text = "".join(traceback.format_exception(record.exc_info[1])).rstrip()
            record.exc_info, record.exc_text = None, printable(shown_text(text))
        return True


def logger(name: str) -> logging.Logger:
    """Return the safe logger of a module."""
    made = logging.getLogger(name)
    if not any(isinstance(one, _SafeFilter) for one in made.filters):
        made.addFilter(_SafeFilter())
    return made
