"""What happens beside a load: Rally's hooks. A trigger says when, an action says what."""

from rallycross.load_hooks.action import ACTIONS
from rallycross.load_hooks.faults.machine import machines_of
from rallycross.load_hooks.faults.standing import undo_standing
from rallycross.load_hooks.hooks import Hooks
from rallycross.load_hooks.site import Site
from rallycross.load_hooks.trigger import TRIGGERS, Iterations

__all__ = ["ACTIONS", "TRIGGERS", "Hooks", "Iterations", "Site", "machines_of", "undo_standing"]
