"""Names of what a run makes in a cloud, in Rally's forms: by its name alone one can tell whose a thing is."""

import random
import string

_ALPHABET = string.ascii_letters + string.digits
_LETTERS = 8


def scenario_prefix(workload: str) -> str:
    """Return what the names of all that a workload's scenario creates begin with; `workload` is its uuid."""
    return f"s_rally_{workload[:_LETTERS]}_"


def context_prefix(owner: str) -> str:
    """Return what the names of all that an owner's contexts create begin with; `owner` is a uuid."""
    return f"c_rally_{owner[:_LETTERS]}_"


def random_name(prefix: str) -> str:
    """Return a new name that begins with `prefix`."""
    return prefix + "".join(random.choices(_ALPHABET, k=_LETTERS))  # noqa: S311 - a name, no secret
