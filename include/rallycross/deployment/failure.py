"""How a deployment fails: which step, where, at which command, with which code, and what was said last."""

from collections.abc import Sequence
from dataclasses import dataclass

from rallycross.deployment.remedy import remedy
from rallycross.errors import RallycrossError


@dataclass(frozen=True)
class Failure:
    """One step that could not be done on one host."""

    step: str
    host: str
    why: str  # "exit code 4", "not done within 600 s, and killed", ...
    code: int | None = None  # None: it has not come to an exit code
    command: str = ""  # the one that failed, as it stands in the script; "" = unknown
    last: tuple[str, ...] = ()  # lines of its output, see `excerpt`

    def __str__(self) -> str:
        command = f" from `{self.command}`" if self.command else ""
        said = ":\n" + "\n".join(f"    {line}" for line in self.last) if self.last else ""
        known = f"\n    What to do: {what}" if (what := remedy(self.last)) else ""
        return f"{self.host}: {self.why}{command}{said}{known}"


class StepFailed(RallycrossError):  # noqa: N818
    """One step or more could not be done."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        self.failures = tuple(failures)
        said = "\n".join(f"step {failure.step}: {failure}" for failure in failures)
        super().__init__(f"{said}\nMend this and deploy again: what is done stays done.")
