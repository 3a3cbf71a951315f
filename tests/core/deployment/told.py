"""What a deployment tells, gathered."""

from rallycross.deployment.step import StepEvent


class Told(list[StepEvent]):
    """What was told, in order; to be handed in as `tell`."""

    def __call__(self, event: StepEvent) -> None:
        """Add what is told."""
        self.append(event)

    def statuses(self) -> dict[str, str]:
        """Return the last status of each step."""
        return {event.name: event.status for event in self}
