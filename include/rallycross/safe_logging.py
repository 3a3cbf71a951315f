"""Loggers whose lines steer no terminal and have no secret: a log is read by more people than whoever ran it."""

import logging
import traceback

from rallycross.printable import printable
from rallycross.secret import shown_text


class _Shown(logging.Filter):
    """Writes a record out as it may be shown, its traceback too."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = printable(shown_text(record.getMessage())), ()
        if record.exc_info and record.exc_info[1]:
            text = "".join(traceback.format_exception(record.exc_info[1])).rstrip()
            record.exc_info, record.exc_text = None, printable(shown_text(text))
        return True


def logger(name: str) -> logging.Logger:
    """Return the logger of a module."""
    made = logging.getLogger(name)
    if not any(isinstance(one, _Shown) for one in made.filters):
        made.addFilter(_Shown())
    return made
