"""A verification is not taken for dead while the store was unavailable."""

import threading
import time
from pathlib import Path

import pytest

from rallycross.results.store import Store
from rallycross.verification_jobs import follow as following


def test_a_store_that_was_away_is_no_sign_of_death(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the store is back, a run has time for a sign of life; if none comes, it is lost."""
    monkeypatch.setattr(following, "LOST_SECONDS", 1.0)
    monkeypatch.setattr(following, "POLL_SECONDS", 0.1)
    file, away = tmp_path / "results.db", tmp_path / "away.db"
    store = Store.open(f"sqlite:///{file}")
    store.database.patience = 60.0
    store.verifications.begin("one", cloud="c", chosen="quick", total=1)
    attempt, _ = store.verifications.take_up("one")

    def runs() -> None:
        time.sleep(2.0)
        away.rename(file)
        time.sleep(0.5)  # its next sign of life comes a little later
        store.verifications.beat("one", attempt)
        store.verifications.end("one", status="finished", attempt=attempt)

    file.rename(away)
    running = threading.Thread(target=runs)
    running.start()
    try:
        row = following.follow(store, "one", on_test_end=lambda *_: None, stop=threading.Event())
    finally:
        running.join()
    assert row.status == "finished"

    store.verifications.begin("two", cloud="c", chosen="quick", total=1)
    with pytest.raises(following.VerificationLost):
        following.follow(store, "two", on_test_end=lambda *_: None, stop=threading.Event())
