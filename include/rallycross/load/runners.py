"""Runners: the kinds of load that a task file can ask for. All are settings of the same load engine."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from rallycross.load.load import Load
from rallycross.load.pace import at_once, even, poisson
from rallycross.load.rate import Rate, RateStage
from rallycross.task import bounds
from rallycross.task.bounds import DURATION, ITERATION, WORKERS
from rallycross.task.flaw import Flaw, Schema, flaws

Args = dict[str, Any]

_LENGTH: Schema = {"type": "number", "exclusiveMinimum": 0, "maximum": bounds.SECONDS}
_RATE: Schema = {"type": "number", "exclusiveMinimum": 0, "maximum": bounds.RATE}
_RATE_OR_NONE: Schema = {"type": "number", "minimum": 0, "maximum": bounds.RATE}
_STEP: Schema = {"type": "integer", "minimum": 1, "maximum": bounds.RATE}
_EACH: Schema = {"type": "integer", "minimum": 1, "maximum": bounds.SECONDS}
_SPAN: Schema = {
    "type": "object",
    "properties": {"min": DURATION, "max": DURATION},
    "required": ["min", "max"],
    "additionalProperties": False,
}
_TIMEOUT: Schema = {"timeout": DURATION}  # seconds that an iteration may take; 0 = no limit
_THINK: Schema = {"think_time": {"anyOf": [DURATION, _SPAN]}}  # seconds between two iterations of a user
_WARM_UP: Schema = {"warm_up": DURATION}  # seconds at the beginning that the figures leave out
# The largest number of processes.
_MAX_CPU_COUNT: Schema = {"max_cpu_count": {"type": "integer", "minimum": 1, "maximum": bounds.PROCESSES}}

# Rally's default, which only constant_for_duration has.
_DURATION_TIMEOUT = 600
_MAX_IN_FLIGHT = 1000


@dataclass(frozen=True)
class Runner:
    """A runner: its arguments, the load that it makes of them, and a description of that load in words."""

    schema: Schema
    load: Callable[[Args], Load]
    describe: Callable[[Args], str]
    contradictions: Callable[[Args], Iterable[Flaw]] = lambda _: ()

    def validate(self, args: Any) -> list[Flaw]:
        """Return what is wrong with the arguments."""
        found = flaws(args, self.schema) or list(self.contradictions(args))
        return found or list(_without_end(self.load(args)))


def _without_end(load: Load) -> Iterator[Flaw]:
    """Complain about a load that is too long although each argument is within its bounds."""
    if load.seconds is not None and load.seconds > bounds.SECONDS:
        what = f"takes {load.seconds:.3g} s, and may take {bounds.SECONDS} s"
        yield Flaw((), what, "ask for less, or for more a second")


def _schema(properties: dict[str, Schema], *, required: Iterable[str] = ()) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


# One after another. Ignores unknown keys, so that a file can change `constant` to `serial` and nothing else.


def _serial(args: Args) -> Load:
    times = args.get("times", 1)
    return Load(at_once(times), workers=1, total=times)


def _describe_serial(args: Args) -> str:
    times = args.get("times", 1)
    return "once" if times == 1 else f"{times} times, one after another"


# A closed loop: `concurrency` virtual users, `times` iterations in all.


def _constant(args: Args) -> Load:
    times = args.get("times", 1)
    return Load(
        at_once(times),
        workers=args.get("concurrency", 1),
        total=times,
        timeout=args.get("timeout") or None,
        max_processes=args.get("max_cpu_count"),
    )


def _more_workers_than_work(args: Args) -> Iterator[Flaw]:
    times, concurrency = args.get("times", 1), args.get("concurrency", 1)
    if concurrency > times:
        remedy = f"lower `concurrency` to {times} or raise `times` to {concurrency}"
        yield Flaw(("concurrency",), f"{concurrency} at a time is more than the {times} iterations in all", remedy)


def _describe_constant(args: Args) -> str:
    times, concurrency = args.get("times", 1), args.get("concurrency", 1)
    return "once" if times == 1 else f"{times} times, {concurrency} at a time"


# A closed loop that begins no iteration after `duration` seconds; 0: each virtual user runs one.


def _constant_for_duration(args: Args) -> Load:
    duration = args["duration"]
    return Load(
        at_once(None),
        workers=args.get("concurrency", 1),
        total=args.get("concurrency", 1) if duration == 0 else None,
        seconds=duration,
        until=duration,
        timeout=args.get("timeout", _DURATION_TIMEOUT) or None,
        think=_think(args),
        warm_up=args.get("warm_up", 0),
        max_processes=args.get("max_cpu_count"),
    )


def _describe_duration(args: Args) -> str:
    concurrency = args.get("concurrency", 1)
    length = f"for {args['duration']:g} s" if args["duration"] else "once each"
    return f"{length}, {concurrency} at a time{_describe_more(args)}"


# Rally's open loop: `times` iterations at a rate, or at one that rises by `step` every `duration` seconds up to `end`.


def _rps(args: Args) -> Load:
    times: int = args["times"]
    rps = args["rps"]
    if isinstance(rps, dict):
        rates = [*range(rps["start"], rps["end"], rps["step"]), rps["end"]]
        length = rps.get("duration", 1)
        stages = [RateStage(length, rate, rate) for rate in rates[:-1]] + [
            RateStage(float("inf"), rates[-1], rates[-1])
        ]
    else:
        stages = [RateStage(float("inf"), rps, rps)]
    rate = Rate(stages)
    workers: int = args.get("max_concurrency", min(times, bounds.AT_ONCE))
    return Load(
        even(rate, times),
        workers=workers,
        total=times,
        seconds=rate.reaches(times - 1),
        timeout=args.get("timeout") or None,
        rate=rate.highest,
        max_processes=args.get("max_cpu_count"),
    )


def _falling(args: Args) -> Iterator[Flaw]:
    rps = args["rps"]
    if not isinstance(rps, dict):
        return
    if (steps := (rps["end"] - rps["start"]) // rps["step"]) > bounds.STAGES:
        what = f"makes {steps} steps from `start` to `end`, and the maximum is {bounds.STAGES}"
        yield Flaw(("rps", "step"), what, f"let it be {steps * rps['step'] // bounds.STAGES + 1} or more")
    if rps["end"] < rps["start"]:
        yield Flaw(("rps", "end"), f"{rps['end']} is below `start`, which is {rps['start']}", "let the rate rise")


def _describe_rps(args: Args) -> str:
    rps = args["rps"]
    if isinstance(rps, dict):
        speed = f"at {rps['start']} to {rps['end']} a second, {rps['step']} more every {rps.get('duration', 1)} s"
    else:
        speed = f"at {rps:g} a second"
    most = f", at most {args['max_concurrency']} at a time" if "max_concurrency" in args else ""
    return f"{args['times']} times, {speed}{most}"


# An open loop: arrivals at a rate, or at rates in stages, that do not wait for each other.


def _arrival_rate(args: Args) -> Load:
    rate = _rate(args)
    evenly = args.get("arrivals", "poisson") == "even"
    return Load(
        even(rate) if evenly else poisson(rate, args.get("seed", 0)),
        workers=args.get("max_in_flight", _MAX_IN_FLIGHT),
        total=max(1, math.ceil(round(rate.arrivals, 6))) if evenly else None,
        seconds=rate.seconds,
        timeout=args.get("timeout") or None,
        warm_up=args.get("warm_up", 0),
        when_busy="drop",
        rate=rate.highest,
        max_processes=args.get("max_cpu_count"),
    )


def _rate(args: Args) -> Rate:
    stages = args.get("stages") or [args]
    return Rate([RateStage(one["duration"], one["rate"], one.get("to", one["rate"])) for one in stages])


def _rate_once(args: Args) -> Iterator[Flaw]:
    if ("stages" in args) == ("rate" in args):
        yield Flaw((), "needs either `rate` with `duration`, or `stages`", "give one of the two")
    elif "rate" in args and "duration" not in args:
        yield Flaw((), "lacks the key 'duration'", "add `duration:`, in seconds")
    elif "stages" in args and "duration" in args:
        yield Flaw(("duration",), "cannot be given beside `stages`", "give each stage its own")
    elif not any(one["rate"] or one.get("to", 0) for one in args.get("stages", [args])):
        yield Flaw(("stages",), "nothing arrives in any stage", "give one a `rate` above 0")
    elif (arrivals := _rate(args).arrivals) > bounds.ITERATIONS:
        yield Flaw((), f"makes {arrivals:.3g} iterations, and may make {bounds.ITERATIONS}", "ask for less")


def _describe_arrivals(args: Args) -> str:
    stages = args.get("stages") or [args]
    parts = [f"{_describe_rate(one)} a second for {one['duration']:g} s" for one in stages]
    kind = "evenly" if args.get("arrivals", "poisson") == "even" else "at random"
    most = args.get("max_in_flight", _MAX_IN_FLIGHT)
    return f"{', then '.join(parts)}, arriving {kind}, at most {most} at a time{_describe_more(args)}"


def _describe_rate(stage: Args) -> str:
    return f"{stage['rate']:g} to {stage['to']:g}" if "to" in stage else f"{stage['rate']:g}"


# A closed loop whose number of virtual users changes.


def _ramp(args: Args) -> Load:
    stages = args["stages"]
    ends = list(accumulate(stage["duration"] for stage in stages))
    starts = [0, *ends[:-1]]
    return Load(
        at_once(None),
        workers=max(stage["users"] for stage in stages),
        total=None,
        seconds=ends[-1],
        until=ends[-1],
        users=tuple((start, stage["users"]) for start, stage in zip(starts, stages, strict=True)),
        timeout=args.get("timeout") or None,
        think=_think(args),
        warm_up=args.get("warm_up", 0),
        max_processes=args.get("max_cpu_count"),
    )


def _describe_ramp(args: Args) -> str:
    parts = [f"{stage['users']} at a time for {stage['duration']:g} s" for stage in args["stages"]]
    return ", then ".join(parts) + _describe_more(args)


def _think(args: Args) -> tuple[float, float] | None:
    think = args.get("think_time", 0)
    least, most = (think["min"], think["max"]) if isinstance(think, dict) else (think, think)
    return (least, most) if most > 0 else None


def _ramp_contradictions(args: Args) -> Iterator[Flaw]:
    if not any(stage["users"] for stage in args["stages"]):
        yield Flaw(("stages",), "no stage has a user", "give one `users` above 0")
    yield from _think_backwards(args)


def _think_backwards(args: Args) -> Iterator[Flaw]:
    think = args.get("think_time")
    if isinstance(think, dict) and think["max"] < think["min"]:
        yield Flaw(("think_time", "max"), f"{think['max']:g} is below `min`, which is {think['min']:g}")


def _describe_more(args: Args) -> str:
    think = _think(args)
    words = ""
    if think:
        words += f", thinking {think[0]:g} s" + (f" to {think[1]:g} s" if think[1] != think[0] else "")
    if args.get("warm_up"):
        words += f"; the first {args['warm_up']:g} s are a warm-up"
    return words


def _stages(**properties: Schema) -> Schema:
    required = [name for name in properties if name != "to"]
    return {"type": "array", "minItems": 1, "maxItems": bounds.STAGES, "items": _schema(properties, required=required)}


RUNNERS = {
    "serial": Runner({"type": "object", "properties": {"times": ITERATION}}, _serial, _describe_serial),
    "constant": Runner(
        _schema({"times": ITERATION, "concurrency": WORKERS, **_TIMEOUT, **_MAX_CPU_COUNT}),
        _constant,
        _describe_constant,
        _more_workers_than_work,
    ),
    "constant_for_duration": Runner(
        _schema(
            {
                "duration": DURATION,
                "concurrency": WORKERS,
                "timeout": {"type": "number", "minimum": 1, "maximum": bounds.SECONDS},
                **_THINK,
                **_WARM_UP,
                **_MAX_CPU_COUNT,
            },
            required=["duration"],
        ),
        _constant_for_duration,
        _describe_duration,
        _think_backwards,
    ),
    "rps": Runner(
        _schema(
            {
                "times": ITERATION,
                "rps": {
                    "anyOf": [
                        _RATE,
                        _schema(
                            {"start": _STEP, "end": _STEP, "step": _STEP, "duration": _EACH},
                            required=["start", "end", "step"],
                        ),
                    ]
                },
                "max_concurrency": WORKERS,
                **_TIMEOUT,
                **_MAX_CPU_COUNT,
            },
            required=["times", "rps"],
        ),
        _rps,
        _describe_rps,
        _falling,
    ),
    "arrival_rate": Runner(
        _schema(
            {
                "rate": _RATE,
                "duration": _LENGTH,
                "stages": _stages(rate=_RATE_OR_NONE, to=_RATE_OR_NONE, duration=_LENGTH),
                "arrivals": {"enum": ["poisson", "even"]},
                "seed": {"type": "integer", "minimum": 0},  # of random arrivals: the same gives the same
                "max_in_flight": WORKERS,
                **_WARM_UP,
                **_TIMEOUT,
                **_MAX_CPU_COUNT,
            }
        ),
        _arrival_rate,
        _describe_arrivals,
        _rate_once,
    ),
    "ramp": Runner(
        _schema(
            {
                "stages": _stages(users={"type": "integer", "minimum": 0, "maximum": bounds.AT_ONCE}, duration=_LENGTH),
                **_THINK,
                **_WARM_UP,
                **_TIMEOUT,
                **_MAX_CPU_COUNT,
            },
            required=["stages"],
        ),
        _ramp,
        _describe_ramp,
        _ramp_contradictions,
    ),
}
