"""What the hooks of one workload act on, and the store that records their faults."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rallycross.load_hooks.faults.machine import Machine
from rallycross.results.store import Store


@dataclass(frozen=True)
class HookTarget:
    """One workload's load on one cloud. Machines are connected to only when an action needs them."""

    cloud: str
    workload: str  # uuid
    store: Store
    machines: Mapping[str, Machine] = field(default_factory=dict)  # those of the cloud's spec, by name
