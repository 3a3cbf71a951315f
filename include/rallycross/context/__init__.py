"""What contexts are written with: registry, requests, ledger; and how what they have made is deleted."""
