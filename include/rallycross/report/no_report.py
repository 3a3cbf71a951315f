"""The page that is shown for a run without a report: why there is none, and what is known."""

from markupsafe import Markup

from rallycross.report import pages
from rallycross.results.models import DeploymentRow


def no_report_page(dag: str, deployment: DeploymentRow | None, *, written: bool) -> str:
    """Return the page for a run of the DAG `dag`; `written`: runs of this DAG do write reports."""
    scripts = [pages.script("theme.js")]
    return (
        pages.templates()
        .get_template("no_report.html.j2")
        .render(
            dag=dag,
            deployment=deployment,
            written=written,
            style=pages.style(),
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - our own
            policy=pages.policy(scripts),
        )
    )
