"""The engine `anvil`: an Anvil persona, deployed by Anvil itself, or on today's systems by the engine `embedded`."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from rallycross.deployment.embedded.options import OPTIONS
from rallycross.deployment.engine import ENGINES, CloudSpec, Deployed, Option, Service
from rallycross.deployment.engines.anvil.classic import PATCHES, Classic
from rallycross.deployment.engines.anvil.native import Native
from rallycross.deployment.engines.anvil.persona import load, patch
from rallycross.deployment.node import Node
from rallycross.deployment.option import within
from rallycross.deployment.site import Site
from rallycross.deployment.spec import filled
from rallycross.deployment.step import Plan
from rallycross.errors import Complaint, InvalidInput
from rallycross.yamlfile import parse, place

_EMBEDDED = {name: option for name, option in OPTIONS.items() if name != "services"}  # the persona has those
_CLASSIC = ("anvil_repo", "anvil_branch", *PATCHES, "jobs", "force", "timeout")
_MODES: dict[str, Classic | Native] = {"classic": Classic(), "native": Native()}


class Anvil:
    """Delegates to the mode in the spec."""

    takes_servers = True
    options: ClassVar = {
        "mode": Option(
            str,
            "native",
            f"how the persona is deployed: {' or '.join(_MODES)}",
            lambda value: None if value in _MODES else f"must be {' or '.join(_MODES)}",
        ),
        "persona": Option(str, None, "path of the persona's YAML file, or its text", required=True),
        "origins": Option(str, None, "path of the YAML file with its origins, or its text"),
        "embedded": Option(dict, {}, "for native: options of the engine embedded", keys=lambda _: _EMBEDDED),
        "anvil_repo": Option(str, "https://github.com/openstack-archive/anvil", "Anvil's repository"),
        "anvil_branch": Option(
            str, "6c22352db6e36bdd5507bb456ad790f4c54e11db", "its branch, tag or commit; from 2016 on it cannot install"
        ),
        "origins_patch": Option(str, None, "path of a JSON patch for the origins, or its text"),
        "distros_patch": Option(str, None, "path of a JSON patch for Anvil's distributions, or its text"),
        "jobs": Option(int, None, "parallel builds; default: the server's cores plus one", within(1, 256)),
        "force": Option(bool, False, "whether to bootstrap on a distribution that Anvil does not know"),
        "timeout": Option(int, 7200, "seconds for one action of smithy", within(60, 86400)),
    }

    def check(self, spec: CloudSpec) -> None:
        """Check persona and origins against what Anvil knows, and against what the mode can deploy."""
        complaints = list(_of_other_modes(spec))
        try:
            for key in filter(spec.options.get, PATCHES):
                patch(spec.options[key])
            persona = load(spec.options["persona"], spec.options["origins"])
        except InvalidInput as error:
            raise InvalidInput([*complaints, *error.complaints]) from error
        complaints += [persona.document.complaint(flaw) for flaw in _MODES[spec.options["mode"]].flaws(persona)]
        if complaints:
            raise InvalidInput(complaints)

    def plan(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Plan:
        """Return the steps of the mode."""
        self.check(spec)
        return _MODES[spec.options["mode"]].plan(spec, nodes, site)

    def cloud(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Deployed:
        """Return the deployed cloud."""
        return _MODES[spec.options["mode"]].cloud(spec, nodes, site)

    def stop(self, spec: CloudSpec, nodes: Sequence[Node]) -> None:
        """Stop the cloud's processes."""
        _MODES[spec.options["mode"]].stop(spec, nodes)

    def status(self, spec: CloudSpec, nodes: Sequence[Node]) -> list[Service]:
        """Return the current state of the cloud's services."""
        return _MODES[spec.options["mode"]].status(spec, nodes)

    def logs(self, spec: CloudSpec, nodes: Sequence[Node], *, service: str | None, lines: int) -> str:
        """Return the last lines of one log, or of all."""
        return _MODES[spec.options["mode"]].logs(spec, nodes, service=service, lines=lines)


def _of_other_modes(spec: CloudSpec) -> Iterator[Complaint]:
    """Yield a complaint for each key that this mode would ignore, and for `origins` if the mode needs it."""
    _, places = parse(spec.text, spec.file)
    mode = spec.options["mode"]
    if mode == "classic" and not spec.options["origins"]:
        yield Complaint(spec.file, *place(places, ()), "", "lacks the key 'origins'", "smithy builds from these")
    for key in ("embedded",) if mode == "classic" else _CLASSIC:
        if spec.options[key] != filled({}, Anvil.options)[key]:
            yield Complaint(spec.file, *place(places, (key,)), key, f"has no effect in mode {mode}", "remove it")


ENGINES.add("anvil", Anvil())
