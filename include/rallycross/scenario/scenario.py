"""The registry of scenarios, and the decorators that a scenario and its steps are written with."""

import functools
import inspect
import itertools
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, Unpack, get_args, get_origin, get_type_hints

from rallycross.registry import Registry
from rallycross.scenario.arguments import parameter
from rallycross.scenario.user import User
from rallycross.task.flaw import Flaw
from rallycross.task.known import Parameter, Signature

_ROLES = frozenset({"user", "admin", "iteration"})

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Scenario:
    """A scenario: an iteration's work, and what it needs."""

    name: str
    function: Callable[..., Any]
    signature: Signature
    roles: tuple[str, ...]  # what it is called with before the task file's arguments: see `scenario`
    blocking: bool  # a plain function, which runs on a thread


SCENARIOS: Registry[Scenario] = Registry("rallycross.scenarios")

Function = TypeVar("Function", bound=Callable[..., Any])


def scenario(
    name: str,
    *,
    services: Iterable[str] = (),
    extensions: Iterable[str] = (),
    cleanup: Iterable[str] = (),
    admin_cleanup: Iterable[str] = (),
    contexts: Mapping[str, Any] | None = None,
    cinder_services: Iterable[str] = (),
    requires: Iterable[str | tuple[str, ...]] = (),
    context_config: Mapping[str, Mapping[str, Any]] | None = None,
    boots_from: Literal["image", "volume"] = "image",
    strict: bool = False,
    contradictions: Callable[[Mapping[str, Any]], Iterable[Flaw]] = lambda _: (),
) -> Callable[[Function], Function]:
    """Register a function as the scenario `name`, Rally's name where Rally has it.

    Its first parameters say what it acts as: `user` (one of those made for the load), `admin` (the cloud's
    administrator), both, or `iteration` alone where it needs no cloud. An async function gets a `User` each, a plain
    one a `SdkUser`, and runs on a thread. The other parameters are the arguments of the task file, typed; their
    annotations are what a task file is checked against.

    `services`: types of the services that it uses; `extensions`: aliases of neutron's extensions; `cinder_services`:
    processes of cinder, such as "cinder-backup". `cleanup` and
    `admin_cleanup`: what of the things that it creates may be left (`"nova"`, `"neutron.floatingip"`), in users'
    projects and outside of them. `contexts`: those that it always needs; `requires`: those that the task file must
    name, where a tuple means one of several, and "args.image" an argument in the place of a context; `context_config`:
    what such a context must be given. An image must fit the flavor that goes with it, but for its disk where a server
    `boots_from` a volume. `strict`: what Rally hands options of unknown names to fails by them, as `requests` does;
    else they are told and left out. `contradictions`: what is wrong with arguments each of which is fine.
    """

    def register(function: Function) -> Function:
        roles = tuple(itertools.takewhile(_ROLES.__contains__, inspect.signature(function).parameters))
        if not roles:
            raise TypeError(f"scenario {name}: its first parameter must be `user`, `admin` or `iteration`")
        needed: dict[str, Any] = {"users": {}} if "user" in roles else {}
        needed |= contexts or {}
        if cleanup:
            needed["cleanup"] = list(cleanup)
        if admin_cleanup:
            needed["admin_cleanup"] = list(admin_cleanup)
        parameters, more, passes_on = _parameters(function, skip=len(roles))
        signature = Signature(
            title=(inspect.getdoc(function) or name).splitlines()[0],
            parameters=parameters,
            more=more,
            passes_on=passes_on and not strict,
            actors=frozenset(roles) - {"iteration"},
            services=tuple(services),
            extensions=tuple(extensions),
            contexts=needed,
            cinder_services=tuple(cinder_services),
            requires=tuple(requires),
            context_config=context_config or {},
            boots_from=boots_from,
            contradictions=contradictions,
        )
        blocking = not inspect.iscoroutinefunction(function)
        SCENARIOS.add(name, Scenario(name, function, signature, roles, blocking))
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


def _parameters(function: Callable[..., Any], *, skip: int) -> tuple[dict[str, Parameter], bool, bool]:
    """Return what a task file can give: the parameters after the roles, and the keys of a typed `**options`.

    `**options: Any` takes whatever is given, which is the second of what is returned. The third is whether there are
    typed options: these stand where Rally's scenario has its `**kwargs`, and so takes names that mean nothing.
    """
    hints = get_type_hints(function, include_extras=True)
    found: dict[str, Parameter] = {}
    more = passes_on = False
    for name, one in list(inspect.signature(function).parameters.items())[skip:]:
        hint = hints[name]
        if one.kind is inspect.Parameter.VAR_KEYWORD:
            if hint is Any:
                more = True
                continue
            if get_origin(hint) is not Unpack:
                raise TypeError(f"{function.__qualname__}: **{name} must be typed by Unpack[a TypedDict], or Any")
            passes_on = True
            [options] = get_args(hint)
            for key, inner in get_type_hints(options, include_extras=True).items():
                found[key] = parameter(inner, required=key in options.__required_keys__)
        else:
            found[name] = parameter(hint, required=one.default is inspect.Parameter.empty)
    return found, more, passes_on
