"""A report as one file of HTML: nothing is fetched, nothing runs, and it prints.

Its style and charts are within it, and its policy of contents lets nothing else in: a file that is sent around and kept
shows the same in years, and is safe to open whatever attackers wrote into subjects.
"""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from agent.faces.charts import Chart
from agent.faces.markup import ticked
from agent.faces.report.difference import Difference
from agent.faces.report.outline import Outline
from agent.faces.templating import templates
from agent.judge.quote import moment

HERE = Path(__file__).parent
PIECE = re.compile(r"\(?[\d.]+ to [\d.]+ %\)?|[\d.]+ %")
"""What no line is broken in."""

STYLES = (HERE.parent / "web" / "static" / "site.css", HERE / "templates" / "report.css")


def page(outline: Outline, charts: tuple[Chart, ...]) -> str:
    """Return the whole page."""
    return _rendered("report.html", outline=outline, charts=charts)


def page_of_difference(found: Difference) -> str:
    """Return the page of what differs between two reports."""
    return _rendered("difference.html", found=found)


def _rendered(template: str, **what: object) -> str:
    style = _style()
    digest = b64encode(sha256(style.encode()).digest()).decode()
    allowed = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    rendered: str = _environment().get_template(template).render(style=Markup(style), allowed=allowed, **what)  # noqa: S704
    return rendered


@cache
def _environment() -> Environment:
    made = templates(HERE / "templates")
    made.filters |= {"moment": moment, "ticked": ticked, "together": _together}
    return made


def _together(text: str) -> str:
    """Return our words with per cent signs at their numbers, and intervals in one piece."""
    return PIECE.sub(lambda found: found[0].replace(" ", "\u00a0"), text)


@cache
def _style() -> str:
    """Return the style of all pages and what a report adds, as they stand in its `style`: our own files, without `<`."""
    return "\n".join(path.read_text("utf-8") for path in STYLES)
