"""The report as one HTML page: readable offline, nothing to load, nothing that runs, no link that leads out of it."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from distillscan.errors import UsageError
from distillscan.report.views import wording
from distillscan.report.views.charts import series, waterfall
from distillscan.report.views.facts import Fact, Kind, kinds, measures, none_shared
from distillscan.report.views.sanitize import clip
from distillscan.result import Cluster, Evidence, Result, Weight

if TYPE_CHECKING:
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
SPARK_STEPS, SPARK_HEIGHT, FALL_WIDTH = 72, 24, 200


@dataclass(frozen=True, slots=True)
class Fall:
    """One line of a sum: its label, its weight, and where its bar begins and how long it is."""

    label: str
    bits: float
    start: int
    length: int
    kind: str


def to_html(result: Result) -> str:
    """Return the report as a page that needs nothing else.

    Raises:
        UsageError: jinja2 is not installed.
    """
    page, style = _template(), _resource("report.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    shown: str = page.render(
        result=result,
        style=_markup(style),
        style_hash=digest,
        text=_text,
        paragraph=lambda value: _text(value, PARAGRAPH),
        skeleton=lambda value: clip(value, SKELETON),
        axis=_axis,
        spark=_spark,
        kinds=lambda mapping: [_shown(kind) for kind in kinds(mapping)],
        explanations=lambda c: sorted(c.benign_explanations, key=lambda e: wording.VERDICTS.index(e.verdict)),
        reasons=sorted(result.rejected.reasons.items(), key=lambda item: (-item[1], item[0])),
        most_accounts=ACCOUNTS,
        open_accounts=OPEN_ACCOUNTS,
        spark_height=SPARK_HEIGHT,
        fall_width=FALL_WIDTH,
        w=wording,
    )
    return shown


def check() -> None:
    """Make sure, before hours of work, that pages can be made.

    Raises:
        UsageError: jinja2 is not installed.
    """
    _template()


@cache
def _template() -> "Template":
    try:
        import jinja2
    except ImportError:
        raise UsageError(
            "--format html needs jinja2, which is not installed: pip install 'distillscan[html]'"
        ) from None
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(_resource("report.html"))


def _resource(name: str) -> str:
    return (resources.files("distillscan.report.views") / name).read_text(encoding="utf-8")


def _markup(text: str) -> "Markup":
    """Text of the package itself, which is not escaped."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - a file of this package


def _text(value: object, width: int = VALUE) -> "Markup":
    """Text from outside: made visible, cut, escaped, and set apart so that it cannot turn what stands beside it."""
    from markupsafe import Markup

    return Markup("<bdi>{}</bdi>").format(clip(str(value), width))


@dataclass(frozen=True, slots=True)
class Axis:
    """One question about a cluster and everything that answers it."""

    question: str
    probability: str
    falls: Sequence[Fall]
    total: str
    zero: int
    evidence: Sequence[Evidence]


def _axis(cluster: Cluster, axis: Any) -> Axis:
    weights = [weight for weight in cluster.weights if weight.axis == axis]
    judged = cluster.coordination if axis == "coordination" else cluster.extraction
    falls, zero = _falls(weights)
    return Axis(
        question=wording.QUESTIONS[axis],
        probability=wording.percent(judged),
        falls=falls,
        total=wording.bits(sum(weight.bits for weight in weights)),
        zero=zero,
        evidence=sorted((e for e in cluster.evidence if e.axis == axis), key=lambda e: -abs(e.bits)),
    )


def _falls(weights: Sequence[Weight]) -> tuple[list[Fall], int]:
    if not weights:
        return [], 0
    bars, total, zero = waterfall([weight.bits for weight in weights], FALL_WIDTH)
    kinds_ = ["prior" if w.label == "prior" else "for" if w.bits > 0 else "against" for w in weights]
    falls = [
        Fall(weight.label, weight.bits, bar.start, bar.end - bar.start, kind)
        for weight, bar, kind in zip(weights, bars, kinds_, strict=True)
    ]
    whole = sum(weight.bits for weight in weights)
    return [*falls, Fall("sum", whole, total.start, total.end - total.start, "sum")], zero


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
class Shown:
    """The values of one kind that are listed, and what to say of those that are not."""

    name: str
    facts: Sequence[tuple[Fact, str]]
    more: str


def _shown(kind: Kind) -> Shown:
    alone = none_shared(kind)
    facts = [(fact, measures(fact)) for fact in kind.facts[: ALONE if alone else VALUES]]
    more = max(kind.distinct - len(facts), 0)
    rest = f"and {wording.number(more)} more{', one account each' if alone else ''}"
    return Shown(kind.name.replace("_", " "), facts, rest if more else "")
