"""The report as one HTML page: readable offline, nothing to load, nothing that runs, no link that leads out of it."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from distillscan import wording
from distillscan.report.filters import hidden_clusters
from distillscan.report.views.shared import judgement
from distillscan.report.views.shared.charts import series, waterfall
from distillscan.report.views.shared.conclusion import nothing_found, nothing_looked_at
from distillscan.report.views.shared.facts import Fact, FactGroup, fact_groups
from distillscan.report.views.shared.judgement import Judgement
from distillscan.result import Result, Weight
from distillscan.sanitize import clip

if TYPE_CHECKING:  # loaded for a page only: it would cost every other run 30 ms
    from jinja2 import Template
    from markupsafe import Markup

#: Display cells of one statement, one template and one value.
PARAGRAPH, SKELETON, VALUE = 600, 2_000, 160
#: Values listed per kind of infrastructure, and accounts per cluster; all of them are in the JSON.
VALUES, ACCOUNTS = 8, 500
#: Values listed of a kind of which no two accounts share one.
ALONE = 3
#: So many accounts are shown without a click, and on paper in every browser.
OPEN_ACCOUNTS = 60
#: Units of the drawings' own coordinates.
SPARK_STEPS, SPARK_HEIGHT, SUM_WIDTH = 72, 24, 200


def to_html(result: Result) -> str:
    """Return the report as a page that needs nothing else."""
    page, style = _template(), _resource("page.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    shown: str = page.render(
        result=result,
        style=_markup(style),
        style_hash=digest,
        text=_text,
        paragraph=lambda value: _text(value, PARAGRAPH),
        skeleton=lambda value: clip(value, SKELETON),
        judgements=judgement.judgements,
        explanations=judgement.explanations,
        severities=judgement.severities(result),
        unlooked=nothing_looked_at(result),
        left_out=hidden_clusters(result.filters),
        nothing_found=nothing_found,
        sum_lines=_sum_lines,
        spark=_spark,
        fact_lists=lambda mapping: [_fact_list(group) for group in fact_groups(mapping)],
        reasons=sorted(result.rejected.reasons.items(), key=lambda item: (-item[1], item[0])),
        most_accounts=ACCOUNTS,
        open_accounts=OPEN_ACCOUNTS,
        spark_height=SPARK_HEIGHT,
        sum_width=SUM_WIDTH,
        w=wording,
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


def _markup(text: str) -> "Markup":
    """Text of the package itself, which is not escaped."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - a file of this package


def _text(value: object, width: int = VALUE) -> "Markup":
    """Text from outside: made visible, cut, escaped, and set apart so that it cannot turn what stands beside it."""
    from markupsafe import Markup

    return Markup("<bdi>{}</bdi>").format(clip(str(value), width))


@dataclass(frozen=True, slots=True)
class SumLine:
    """One line of a sum of weights: its label and weight, and where its bar begins and how long it is."""

    label: str
    bits: float
    start: int
    length: int
    zero: int
    kind: str


def _sum_lines(judgement: Judgement) -> list[SumLine]:
    """The prior, what each family adds, and their sum."""
    if not judgement.weights:
        return []
    bars, total, zero = waterfall([weight.bits for weight in judgement.weights], SUM_WIDTH)
    lines = [
        SumLine(weight.label, weight.bits, bar.start, bar.end - bar.start, zero, _direction(weight))
        for weight, bar in zip(judgement.weights, bars, strict=True)
    ]
    return [*lines, SumLine("sum", judgement.bits, total.start, total.end - total.start, zero, "sum")]


def _direction(weight: Weight) -> str:
    if weight.label == "prior":
        return "prior"
    return "for" if weight.bits > 0 else "against"


@dataclass(frozen=True, slots=True)
class Spark:
    """A timeline as bars: the height of each in a drawing ``SPARK_HEIGHT`` high, and what it says in words."""

    heights: Sequence[float]
    caption: str


def _spark(timeline: Sequence[Mapping[str, Any]]) -> Spark | None:
    drawn = series(timeline, SPARK_STEPS)
    if drawn is None or len(drawn.values) < 2:
        return None
    peak = max(max(drawn.values), 1)
    return Spark([round(value / peak * SPARK_HEIGHT, 1) for value in drawn.values], drawn.caption)


@dataclass(frozen=True, slots=True)
class FactList:
    """The values of one kind that are listed, and what to say of those that are not."""

    name: str
    facts: Sequence[Fact]
    more: str


def _fact_list(group: FactGroup) -> FactList:
    facts = group.facts[: ALONE if group.none_shared else VALUES]
    more = max(group.distinct - len(facts), 0)
    rest = f"and {wording.number(more)} more{', one account each' if group.none_shared else ''}"
    return FactList(group.name, facts, rest if more else "")
