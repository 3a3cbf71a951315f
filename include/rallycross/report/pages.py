"""What all pages share: templates, style, and a content security policy that allows nothing external."""

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from rallycross.printable import printable
from rallycross.report import charts
from rallycross.secret import shown_text
from rallycross.views import wording

TEMPLATES = Path(__file__).with_name("templates")


@cache
def templates() -> jinja2.Environment:
    """Return the template environment; it escapes all values."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_safe,
    )
    words = ("duration", "rate", "count", "share", "counted", "moment")
    found.globals.update({name: getattr(wording, name) for name in words})
    found.filters["figure"] = _figure
    return found


def style() -> Markup:
    """Return the stylesheet, as the content of a style element."""
    return Markup((TEMPLATES / "style.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file


def script(name: str) -> str:
    """Return one of the scripts in the templates folder."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def policy(scripts: list[str]) -> str:
    """Return a content security policy: no external content, and only these scripts.

    Inline styles are allowed, because plotly sets them on its elements.
    """
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in scripts]
    sources = " ".join(hashes) or "'none'"
    return (
        f"default-src 'none'; script-src {sources}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _safe(value: Any) -> Any:
    """Return a value as it may be written into a page: control characters escaped, secrets masked."""
    return printable(shown_text(value)) if isinstance(value, str) and not isinstance(value, Markup) else value


def _visible(data: Any) -> Any:
    if isinstance(data, dict):
        return {_visible(key): _visible(value) for key, value in data.items()}
    return [_visible(value) for value in data] if isinstance(data, list) else _safe(data)


def _figure(figure: charts.Figure) -> Markup:
    """Return a figure as JSON for a script element; no text in it can close that element."""
    text = json.dumps(_visible(figure), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - made harmless
