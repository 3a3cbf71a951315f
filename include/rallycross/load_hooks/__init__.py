"""Hooks: actions that run during a load, as in Rally. A trigger says when, an action says what."""

from rallycross.load_hooks.action import ACTIONS
from rallycross.load_hooks.faults.fault_ledger import undo_faults
from rallycross.load_hooks.faults.machine import Machine, machines_of
from rallycross.load_hooks.hooks import Hooks
from rallycross.load_hooks.target import HookTarget
from rallycross.load_hooks.trigger import TRIGGERS, Iterations

__all__ = ["ACTIONS", "TRIGGERS", "HookTarget", "Hooks", "Iterations", "Machine", "machines_of", "undo_faults"]
