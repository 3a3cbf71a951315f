"""The registry of scenarios, and the decorators that a scenario and its steps are written with."""

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar, Unpack, get_args, get_origin, get_type_hints

from rallycross.registry import Registry
from rallycross.scenarios.arguments import parameter
from rallycross.scenarios.user import User
from rallycross.task.known import Parameter, Signature

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Scenario:
    """A scenario: an iteration's work, and what it needs."""

    name: str
    run: Callable[..., Awaitable[None]]
    signature: Signature
    as_admin: bool  # acts as the cloud's administrator, not as a user made for the load
    leaves: tuple[str, ...]  # kinds of things that it creates outside of a user's project, such as "keystone.user"


SCENARIOS: Registry[Scenario] = Registry("rallycross.scenarios")


def scenario(
    name: str, *, services: Iterable[str] = (), leaves: Iterable[str] = ()
) -> Callable[[Callable[..., Awaitable[None]]], Callable[..., Awaitable[None]]]:
    """Register an async function as the scenario `name`, Rally's name where Rally has it.

    Its first parameter is the `User` that it acts as, called `user`, or `admin` where it must be the administrator. The
    others are the arguments of the task file, typed; their annotations are what a task file is checked against.
    `services` are the types of the services that it uses; `leaves` as in `Scenario`.
    """

    def register(function: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        if not inspect.iscoroutinefunction(function):
            raise TypeError(f"scenario {name}: {function.__qualname__} must be an async function")
        actor = next(iter(inspect.signature(function).parameters), "")
        if actor not in {"user", "admin"}:
            raise TypeError(f"scenario {name}: its first parameter must be called `user` or `admin`")
        signature = Signature(
            title=(inspect.getdoc(function) or name).splitlines()[0],
            parameters=_parameters(function),
            services=tuple(services),
            contexts={"users": {}} if actor == "user" else {},
        )
        SCENARIOS.add(name, Scenario(name, function, signature, actor == "admin", tuple(leaves)))
        return function

    return register


def step(
    action: str,
) -> Callable[[Callable[Concatenate[User, P], Awaitable[T]]], Callable[Concatenate[User, P], Awaitable[T]]]:
    """Make an async function, whose first parameter is a `User`, time itself as an action of the iteration."""

    def decorate(
        function: Callable[Concatenate[User, P], Awaitable[T]],
    ) -> Callable[Concatenate[User, P], Awaitable[T]]:
        @functools.wraps(function)
        async def timed(user: User, /, *args: P.args, **kwargs: P.kwargs) -> T:
            with user.action(action):
                return await function(user, *args, **kwargs)

        return timed

    return decorate


def _parameters(function: Callable[..., Any]) -> dict[str, Parameter]:
    """Return what a task file can give: the parameters after the first, and the keys of a typed `**options`."""
    hints = get_type_hints(function, include_extras=True)
    found: dict[str, Parameter] = {}
    for name, one in list(inspect.signature(function).parameters.items())[1:]:
        hint = hints[name]
        if one.kind is inspect.Parameter.VAR_KEYWORD:
            if get_origin(hint) is not Unpack:
                raise TypeError(f"{function.__qualname__}: **{name} must be typed by Unpack[a TypedDict]")
            [options] = get_args(hint)
            for key, inner in get_type_hints(options, include_extras=True).items():
                found[key] = parameter(inner, required=key in options.__required_keys__)
        else:
            found[name] = parameter(hint, required=one.default is inspect.Parameter.empty)
    return found
