"""What the histories of a recipe's series say after each run."""

import numpy as np
import pytest

from rallycross.judging.changes.detector import Finding, Series, State, detect


def _noise(seed: int, runs: int = 60) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.03, runs)


def _state(values: np.ndarray, *others: np.ndarray) -> Finding:
    """Return what the first series says beside others."""
    return detect({number: _series(one) for number, one in enumerate((values, *others))})[0]


def _series(values: np.ndarray) -> Series:
    return Series(values.tolist(), floor=0.005, least=0.02)


def _states(values: np.ndarray, since: int) -> list[State]:
    """Return the states after each run from this one on."""
    return [_state(values[:runs]).state for runs in range(since, len(values) + 1)]


def test_noise_raises_no_alarm() -> None:
    """Of 40 histories of 60 runs without a change none has one, and few runs ask for a confirmation."""
    states = [state for seed in range(40) for state in _states(_noise(seed), 1)]

    assert State.CHANGE not in states
    assert states.count(State.SUSPICION) < 0.03 * len(states)


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_step_is_suspected_then_confirmed(sign: int) -> None:
    """A step of 10 % is a change within ten runs, after a suspicion, with its first run and its size."""
    for seed in range(20):
        values = _noise(seed, 100)
        values[90:] += sign * 0.1
        states = _states(values, 91)
        at = states.index(State.CHANGE)
        found = _state(values[: 91 + at])

        assert at > 0
        assert states[at - 1] is State.SUSPICION
        assert abs(found.length - (at + 1)) <= 3
        assert found.step is not None
        assert found.step.low * found.step.high > 0
        assert found.step.size == pytest.approx(sign * 0.1, abs=0.08)


def test_a_spike_asks_for_a_confirmation_and_is_forgotten() -> None:
    """One run of three times the duration is a suspicion; the next one as before ends it, and nothing is found."""
    values = _noise(5)
    values[50] += np.log(3)
    states = _states(values, 51)

    assert states[0] is State.SUSPICION
    assert State.CHANGE not in states
    assert set(states[1:]) == {State.NOTHING}


def test_a_multiple_is_a_change_after_some_runs() -> None:
    """A step to twice the duration is a change after five runs at the most."""
    for seed in range(20):
        values = _noise(seed)
        values[50:] += np.log(2)

        assert State.CHANGE in _states(values[:55], 51)


def test_a_change_below_the_least_one_is_nothing() -> None:
    """A step of 1 % in a history with little noise is neither a change nor a suspicion."""
    values = _noise(1) / 30
    values[30:] += 0.01

    assert set(_states(values, 31)) == {State.NOTHING}


def test_one_of_many_series_needs_more_evidence() -> None:
    """The same evidence that suffices alone, or if all series change, does not if 200 others have not changed."""
    values = _noise(13, 100)
    values[-10:] += 0.035
    alone = _state(values)

    assert alone.state is State.CHANGE
    assert _state(values, *(_noise(100 + number, 100) for number in range(200))).state is not State.CHANGE
    assert _state(values, *[values] * 200).state is State.CHANGE


def test_short_histories_say_nothing() -> None:
    """With ten runs or fewer there is no finding, whatever the values are."""
    assert detect({"none": Series([], 0.005, 0.02)}) == {"none": Finding(State.NOTHING)}
    assert set(_states(np.array([0.0] * 5 + [1.0] * 5), 1)) == {State.NOTHING}
    assert detect({}) == {}


def test_a_recovery_soon_after_a_change_is_seen() -> None:
    """Six runs after a change suffice to see the way back: the runs before the change tell the noise."""
    seen = 0
    for seed in range(20):
        values = _noise(seed, 80)
        own = np.concatenate([values[66:72] + 0.2, values[72:]])
        earlier = (values[:66] + np.median(own[:6]) - np.median(values[:66])).tolist()
        found = [
            detect({0: Series(own[:runs].tolist(), 0.005, 0.02, earlier)})[0].state for runs in range(7, len(own) + 1)
        ]
        seen += State.CHANGE in found

    assert seen >= 18


def test_a_change_is_reported_once() -> None:
    """In the 30 runs after a change of 10 % there is no other, though few runs tell the new level."""
    for seed in range(20):
        values = _noise(seed, 130)
        earlier = (values[:90] + np.median(values[90:96]) - np.median(values[:90])).tolist()
        series = (Series(values[90:runs].tolist(), 0.005, 0.02, earlier) for runs in range(91, 121))

        assert all(detect({0: one})[0].state is not State.CHANGE for one in series)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_two_levels_are_no_change(share: float) -> None:
    """A cloud that is 10 % slower in a part of the runs, at random, has no change, and asks for few confirmations."""
    states = []
    for seed in range(6):
        random = np.random.default_rng(seed)
        values = random.normal(0, 0.005, 80) + np.where(random.random(80) < share, np.log(1.1), 0.0)
        states += _states(values, 20)

    assert State.CHANGE not in states
    assert states.count(State.SUSPICION) < 0.12 * len(states)
