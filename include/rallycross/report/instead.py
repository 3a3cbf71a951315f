"""What is shown of a run that has no report: why, and what there is."""

from markupsafe import Markup

from rallycross.report import pages
from rallycross.results.models import DeploymentRow


def instead_of_report(dag: str, deployment: DeploymentRow | None, *, written: bool) -> str:
    """Return a page about a run of the DAG `dag`; `written`: its runs come to have a report."""
    scripts = [pages.script("theme.js")]
    return (
        pages.templates()
        .get_template("instead.html.j2")
        .render(
            dag=dag,
            deployment=deployment,
            written=written,
            style=pages.style(),
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - our own
            policy=pages.policy(scripts),
        )
    )
