"""How a deployment fails: the step, the host, the command, its exit code, and the last lines of its output."""

from collections.abc import Sequence
from dataclasses import dataclass

from rallycross.deployment.remedy import remedy
from rallycross.errors import RallycrossError


@dataclass(frozen=True)
class StepFailure:
    """The failure of one step on one host."""

    step: str
    host: str
    why: str  # "exit code 4", "not done within 600 s, and killed", ...
    code: int | None = None  # None: the step left no exit code
    command: str = ""  # the command that failed, as written in the script; "" = unknown
    last: tuple[str, ...] = ()  # lines of the output, see `excerpt`

    def __str__(self) -> str:
        command = f" from `{self.command}`" if self.command else ""
        said = ":\n" + "\n".join(f"    {line}" for line in self.last) if self.last else ""
        known = f"\n    What to do: {what}" if (what := remedy(self.last)) else ""
        return f"{self.host}: {self.why}{command}{said}{known}"


class StepFailed(RallycrossError):  # noqa: N818
    """One or more steps failed."""

    def __init__(self, failures: Sequence[StepFailure]) -> None:
        self.failures = tuple(failures)
        said = "\n".join(f"step {failure.step}: {failure}" for failure in failures)
        super().__init__(f"{said}\nFix this and deploy again: steps that are done are kept.")
