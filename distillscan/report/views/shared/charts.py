"""Small charts made of characters: a sparkline over time and a waterfall of weights."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from typing import Any, Final, Literal

from distillscan.result import Weight
from distillscan.wording import counted, moment, number

LEVELS: Final = "▁▂▃▄▅▆▇█"
NOTHING: Final = "·"

BarKind = Literal["prior", "for", "against", "sum"]


def sparkline(values: Sequence[float]) -> str:
    """One character per value, its height relative to the greatest; a dot where there is nothing."""
    peak = max(values, default=0)
    return "".join(LEVELS[math.ceil(value / peak * len(LEVELS)) - 1] if value > 0 else NOTHING for value in values)


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a sum of weights: its bar fills the cells from ``start`` up to, not including, ``end``."""

    label: str
    bits: float
    kind: BarKind
    start: int
    end: int


def waterfall(weights: Sequence[Weight], width: int) -> tuple[list[Bar], int]:
    """Lay out the weights of a sum, in ``width`` cells, as bars that each begin where the one before ended.

    Returns:
        One bar per weight and the bar of their sum, and the cell of the zero line.
    """
    edges = [0.0, *accumulate(weight.bits for weight in weights)]
    span = max(max(edges) - min(edges), 1e-6)
    cells = [round((edge - min(edges)) / span * (width - 1)) for edge in edges]
    lines = [(weight.label, weight.bits, _kind(weight)) for weight in weights]
    lines.append(("sum", sum(weight.bits for weight in weights), "sum"))
    ends = map(sorted, [*pairwise(cells), (cells[0], cells[-1])])
    return [Bar(*line, a, max(b, a + 1)) for line, (a, b) in zip(lines, ends, strict=True)], cells[0]


def _kind(weight: Weight) -> BarKind:
    if weight.label == "prior":
        return "prior"
    return "for" if weight.bits > 0 else "against"


@dataclass(frozen=True, slots=True)
class Series:
    """A timeline ready to draw: requests per equal interval, gaps counted as nothing."""

    values: tuple[int, ...]
    caption: str


def series(timeline: Sequence[Mapping[str, Any]], width: int) -> Series | None:
    """Fit a timeline of days into at most ``width`` intervals; None if these are fewer than two."""
    days = sorted(filter(None, map(_day, timeline)))
    if not days:
        return None
    first, last = days[0][0], days[-1][0]
    together = math.ceil(((last - first).days + 1) / max(width, 1))
    values = [0] * ((last - first).days // together + 1)
    for day, requests in days:
        values[(day - first).days // together] += requests
    if len(values) < 2:
        return None
    peak = max(range(len(values)), key=values.__getitem__)
    interval = "day" if together == 1 else counted(together, "day")
    start = f"{'on' if together == 1 else 'from'} {first + timedelta(days=together * peak):%Y-%m-%d}"
    return Series(tuple(values), f"requests per {interval}, most {number(values[peak])} {start}")


def _day(entry: Mapping[str, Any]) -> tuple[datetime, int] | None:
    date, requests = entry.get("date"), entry.get("requests")
    if not isinstance(date, str) or not isinstance(requests, int) or (when := moment(date)) is None:
        return None
    return when, max(requests, 0)
