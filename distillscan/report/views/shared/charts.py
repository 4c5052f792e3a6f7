"""Small charts made of characters: a sparkline over time and a waterfall of weights."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from typing import Any, Final

from distillscan.wording import counted, moment, number

LEVELS: Final = "▁▂▃▄▅▆▇█"
NOTHING: Final = "·"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a waterfall: it fills the cells from ``start`` up to, not including, ``end``."""

    start: int
    end: int


def sparkline(values: Sequence[float]) -> str:
    """One character per value, its height relative to the greatest; a dot where there is nothing."""
    peak = max(values, default=0)
    return "".join(LEVELS[math.ceil(value / peak * len(LEVELS)) - 1] if value > 0 else NOTHING for value in values)


def waterfall(weights: Sequence[float], width: int) -> tuple[list[Bar], Bar, int]:
    """Lay out bars that each begin where the one before ended.

    Args:
        weights: Summands, in order.
        width: Cells there are for the chart.

    Returns:
        One bar per weight, the bar of their sum, and the cell of the zero line.
    """
    edges = [0.0, *accumulate(weights)]
    low, high = min(edges), max(edges)
    span = max(high - low, 1e-6)
    cells = [round((edge - low) / span * (width - 1)) for edge in edges]
    zero = cells[0]
    return [_bar(a, b) for a, b in pairwise(cells)], _bar(zero, cells[-1]), zero


def _bar(a: int, b: int) -> Bar:
    start, end = sorted((a, b))
    return Bar(start, max(end, start + 1))


@dataclass(frozen=True, slots=True)
class Series:
    """A timeline ready to draw: requests per equal interval, gaps counted as nothing."""

    values: tuple[int, ...]
    caption: str


def series(timeline: Sequence[Mapping[str, Any]], width: int) -> Series | None:
    """Fit a timeline of days into at most ``width`` intervals; ``None`` if no entry has a date and a count."""
    days = sorted(filter(None, map(_day, timeline)))
    if not days:
        return None
    first, last = days[0][0], days[-1][0]
    together = math.ceil(((last - first).days + 1) / max(width, 1))
    values = [0] * ((last - first).days // together + 1)
    for day, requests in days:
        values[(day - first).days // together] += requests
    peak = max(range(len(values)), key=values.__getitem__)
    interval = "day" if together == 1 else counted(together, "day")
    start = f"{'on' if together == 1 else 'from'} {first + timedelta(days=together * peak):%Y-%m-%d}"
    return Series(tuple(values), f"requests per {interval}, most {number(values[peak])} {start}")


def _day(entry: Mapping[str, Any]) -> tuple[datetime, int] | None:
    date, requests = entry.get("date"), entry.get("requests")
    if not isinstance(date, str) or not isinstance(requests, int) or (when := moment(date)) is None:
        return None
    return when, max(requests, 0)
