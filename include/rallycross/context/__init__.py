"""The machinery of contexts: registry, base class, ledger, and clean-up."""
