"""What all pages of the UI share: links, the frame around each page, and the content security policy."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from markupsafe import Markup

from rallycross.report import pages
from rallycross.views import wording

TEMPLATES = Path(__file__).with_name("templates")
# The pages in the menu: path, title.
MENU = (
    ("", "Overview"),
    ("runs", "Runs"),
    ("trends", "Trends"),
    ("scenarios", "Scenarios"),
    ("leftovers", "Leftovers"),
)
# The colour of a verdict, a status, or a state.
TONES = {
    **dict.fromkeys(("passed", "finished", "done", "success"), "good"),
    **dict.fromkeys(("failed", "crashed", "aborted", "aborted_on_sla", "upstream_failed"), "bad"),
    **dict.fromkeys(("invalid", "not judged", "running", "deferred", "up_for_retry"), "warn"),
}


def with_query(address: str, **query: Any) -> str:
    """Return an address with arguments; empty ones are left out, and a list is an argument for each of its items."""
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return f"{address}?{urlencode(given, doseq=True)}" if given else address


@dataclass(frozen=True)
class Links:
    """Makes the links of a page. `root` is where the pages are mounted, `airflow` where Airflow is; without a slash."""

    root: str = "/rallycross"
    airflow: str = ""

    def to(self, *path: str, **query: Any) -> str:
        """Return the address of a page; empty arguments are left out."""
        return with_query("/".join([self.root, *(quote(part, safe="") for part in path or ("",))]), **query)

    def to_dag_run(self, dag_id: str, run_id: str, *path: str) -> str:
        """Return the address of a run in Airflow, or of something of the run, such as a task's log."""
        return "/".join([f"{self.airflow}/dags", *(quote(part, safe="") for part in (dag_id, "runs", run_id, *path))])


@dataclass(frozen=True)
class Page:
    """A page, and the headers that it must be sent with."""

    html: str
    policy: str = ""
    status: int = 200

    @property
    def headers(self) -> dict[str, str]:
        """Keep others from framing the page, from guessing its type, and from keeping it."""
        headers = {
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
        }
        return {**headers, "Content-Security-Policy": self.policy} if self.policy else headers


@cache
def templates() -> jinja2.Environment:
    """Return the templates: those of the UI, and those of the report that pages share with it."""
    found = pages.templates().overlay(loader=jinja2.FileSystemLoader([TEMPLATES, pages.TEMPLATES]))
    found.globals = {**found.globals, "tones": TONES, "ago": wording.ago, "menu": MENU}
    return found


def rendered(template: str, links: Links, *, scripts: tuple[str, ...] = (), status: int = 200, **values: Any) -> Page:
    """Return a page from a template; `scripts` are the names of those that it needs beside the common ones."""
    texts = [_script(name) for name in ("theme.js", "airflow.js", *scripts)]
    html = (
        templates()
        .get_template(template)
        .render(
            links=links,
            style=pages.style() + _style(),
            scripts=[Markup(text) for text in texts],  # noqa: S704 - our own
            **values,
        )
    )
    policy = pages.policy(texts).replace("form-action 'none'", "form-action 'self'")
    return Page(html, f"{policy}; connect-src 'self'; frame-ancestors 'self'", status)


def fragment(template: str, links: Links, **values: Any) -> Page:
    """Return a part of a page, which a script on that page asked for."""
    return Page(templates().get_template(template).render(links=links, **values))


def problem_page(links: Links, status: int, what: str) -> Page:
    """Return the page that says why a request was refused."""
    return rendered("problem.html.j2", links, status=status, what=what, active="")


def _script(name: str) -> str:
    own = TEMPLATES / name
    return own.read_text(encoding="utf-8") if own.exists() else pages.script(name)


def _style() -> Markup:
    return Markup((TEMPLATES / "ui.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file
