"""Loads that criteria are tried on."""

from rallycross.load.sample import Failure, Sample, State


def samples_of(*durations: float, failing: int = 0) -> list[Sample]:
    """Return iterations of these durations, and as many that fail after 100 s."""
    made = [Sample(number, 0, None, 0.0, duration) for number, duration in enumerate(durations)]
    return made + [Sample(1000 + number, 0, None, 0.0, 100.0, failure=Failure("E", "e")) for number in range(failing)]


def open_loop() -> list[Sample]:
    """Return ten that were due: one dropped, two queued, one late; and one of the warm-up, which is none of them."""
    states = [State.DROPPED, State.QUEUED, State.QUEUED, *[State.RAN] * 7, State.WARM_UP]
    delays = [0.0, 0.5, 0.5, 0.011, *[0.001] * 7]
    return [
        Sample(number, 0, float(number), number + delay, number + delay + 0.2, state=state)
        for number, (state, delay) in enumerate(zip(states, delays, strict=True))
    ]
