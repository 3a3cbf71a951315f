"""Names of everything that a run creates in a cloud, in Rally's forms. A name identifies the owner."""

import random
import string

_SCENARIO, _CONTEXT = "s_rally_", "c_rally_"
BEGINNINGS = {_SCENARIO: "made by the scenario of a load", _CONTEXT: "made by the contexts of a load"}
_ALPHABET = string.ascii_letters + string.digits
_LETTERS = 8
_CUSTOM_TRAIT = "CUSTOM_"


def scenario_prefix(workload: str) -> str:
    """Return the name prefix of everything that a workload's scenario creates; `workload` is its uuid."""
    return f"{_SCENARIO}{workload[:_LETTERS]}_"


def context_prefix(owner: str) -> str:
    """Return the name prefix of everything that an owner's contexts create; `owner` is a uuid."""
    return f"{_CONTEXT}{owner[:_LETTERS]}_"


def random_name(prefix: str) -> str:
    """Return a new random name with a prefix."""
    return prefix + "".join(random.choices(_ALPHABET, k=_LETTERS))  # noqa: S311 - a name, no secret


def custom_trait(name: str) -> str:
    """Return a name as placement allows it for a trait: capital letters after a prefix of placement's own."""
    return _CUSTOM_TRAIT + name.upper()


def name_of_trait(trait: str) -> str:
    """Return the name that a custom trait was made of, in small letters, which the prefixes of names consist of."""
    return trait.removeprefix(_CUSTOM_TRAIT).lower()
