"""The report as one HTML page: readable offline, nothing to load, nothing that runs, no link that leads out of it."""

import base64
import hashlib
from functools import cache, partial
from importlib import resources
from typing import TYPE_CHECKING, Final

from distillscan import wording
from distillscan.report.filters import hidden_clusters
from distillscan.report.views.shared import charts, facts, judgement
from distillscan.result import Result
from distillscan.sanitize import clip

if TYPE_CHECKING:  # loaded for a page only: it would cost every other run 30 ms
    from jinja2 import Template
    from markupsafe import Markup

#: Display cells of one statement, one template and one value.
PARAGRAPH, SKELETON, VALUE = 600, 2_000, 160
#: What the page itself decides by.
LIMITS: Final = {
    "most_values": 8,  # of a kind of infrastructure; all of them are in the JSON
    "most_alone": 3,  # values of a kind of which no two accounts share one
    "most_accounts": 500,
    "open_accounts": 60,  # shown without a click, and on paper in every browser
    "spark_steps": 72,  # bars of a timeline at most; these are units of the drawings' own coordinates
    "spark_height": 24,
    "sum_width": 200,
}


def to_html(result: Result) -> str:
    """Return the report as a page that needs nothing else."""
    style = _resource("page.css")
    shown: str = _template().render(
        result=result,
        style=style,
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        text=_text,
        paragraph=partial(_text, width=PARAGRAPH),
        skeleton=partial(clip, width=SKELETON),
        left_out=hidden_clusters(result.filters),
        reasons=sorted(result.rejected.reasons.items(), key=lambda item: (-item[1], item[0])),
        w=wording,
        charts=charts,
        facts=facts,
        judgement=judgement,
        **LIMITS,
    )
    return shown


@cache
def _template() -> "Template":
    import jinja2

    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(_resource("page.html"))


def _resource(name: str) -> str:
    return (resources.files(__name__) / name).read_text(encoding="utf-8")


def _text(value: object, width: int = VALUE) -> "Markup":
    """Text from outside: made visible, cut, escaped, and set apart so that it cannot turn what stands beside it."""
    from markupsafe import Markup

    return Markup("<bdi>{}</bdi>").format(clip(str(value), width))
