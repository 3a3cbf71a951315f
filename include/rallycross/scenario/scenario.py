"""The registry of scenarios, and the decorators for scenarios and steps."""

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
    """A registered scenario: its function, and what it needs."""

    name: str
    function: Callable[..., Any]
    signature: Signature
    roles: tuple[str, ...]  # its first parameters, before the task file's arguments: see `scenario`
    blocking: bool  # whether it is a plain function, which runs on a thread

    @property
    def group(self) -> str:
        """The folder or module that has it, such as "nova"; "" if it is not part of Rallycross."""
        package, _, module = self.function.__module__.partition(".scenarios.")
        return module.partition(".")[0] if package == "rallycross" else ""


SCENARIOS: Registry[Scenario] = Registry("rallycross.scenarios", users_add=True)

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
    changes_contexts: bool = False,
    boots_from: Literal["image", "volume"] = "image",
    strict: bool = False,
    contradictions: Callable[[Mapping[str, Any]], Iterable[Flaw]] = lambda _: (),
    microversions: Mapping[str, str] | None = None,
    disrupts: str = "",
) -> Callable[[Function], Function]:
    """Register a function as the scenario `name`: Rally's name if Rally has the scenario.

    The first parameters say who acts: `user` (one of those made for the load), `admin` (the cloud's administrator),
    both, or only `iteration` if it needs no cloud. An async function gets `User` objects; a plain function gets
    `SdkUser` objects and runs on a thread. The other parameters are the arguments of the task file, which is checked
    against their annotations.

    - `services`: types of the services that it uses; `extensions`: aliases of neutron extensions; `cinder_services`:
      cinder processes such as "cinder-backup".
    - `cleanup`, `admin_cleanup`: kinds of things that it may leave (`"nova"`, `"neutron.floatingip"`), in users'
      projects and outside of them.
    - `contexts`: contexts that it always needs. `requires`: contexts that the task file must name; a tuple means one of
      several, and "args.image" means an argument instead of a context. `context_config`: what those contexts must have.
    - `changes_contexts`: it leaves what contexts have made changed. The next workload gets new contexts, though it asks
      for the same.
    - `boots_from`: a server boots from a volume, so the image need not fit the flavor's disk. Otherwise an image must
      fit the flavor used with it.
    - `strict`: unknown options are errors, as in Rally for scenarios that pass them on (`requests`). Otherwise they are
      reported and ignored.
    - `contradictions`: finds arguments that are each valid but not together.
    - `microversions`: those that its requests need, by type of service; for those of an argument see `Since`.
    - `disrupts`: what it does to the cloud beyond its own things, in words: "moves servers to other hosts".
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
            changes_contexts=changes_contexts,
            boots_from=boots_from,
            contradictions=contradictions,
            microversions=microversions or {},
            disrupts=disrupts,
        )
        blocking = not inspect.iscoroutinefunction(function)
        SCENARIOS.add(name, Scenario(name, function, signature, roles, blocking))
        return function

    return register


def step(
    action: str,
) -> Callable[[Callable[Concatenate[User, P], Awaitable[T]]], Callable[Concatenate[User, P], Awaitable[T]]]:
    """Decorate an async function whose first parameter is a `User`: each call is timed as an action."""

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
    """Return the parameters that a task file can give: those after the roles, and the keys of a typed `**options`.

    The second value is whether any option is accepted (`**options: Any`). The third is whether there are typed options:
    they replace the `**kwargs` of Rally's scenario, which accepts unknown names.
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
            required = one.default is inspect.Parameter.empty
            found[name] = parameter(hint, required=required, default=None if required else one.default)
    return found, more, passes_on
