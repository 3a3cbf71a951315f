"""Where the hooks of one workload act, and where it is written down what they have broken."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rallycross.load_hooks.faults.machine import Machine
from rallycross.results.store import Store


@dataclass(frozen=True)
class HookTarget:
    """One workload's load on one cloud. Of the machines, none is signed in to before an action asks for it."""

    cloud: str
    workload: str  # uuid
    store: Store
    machines: Mapping[str, Machine] = field(default_factory=dict)  # those of the cloud's spec, by name
