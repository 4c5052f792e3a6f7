"""Tables and figures in Markdown."""

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Final

NOTHING: Final = "–"


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], names: int = 1) -> str:
    """Write a table whose first ``names`` columns are words and whose others are numbers."""
    rule = ["---"] * names + ["--:"] * (len(titles) - names)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (titles, rule, *rows))


def three(value: float | None) -> str:
    """Write a share with three decimals, cut and not rounded: 0.9999 must not read as certainty."""
    return NOTHING if value is None else f"{int(value * 1000 + 1e-9) / 1000:.3f}"


def whole(value: float) -> str:
    """Write a number without decimals."""
    return f"{value:,.0f}"


def middle(
    values: Iterable[float | None], worst: Callable[[Iterable[float]], float], show: Callable[[float], str] = three
) -> str:
    """Write the median and, in brackets, the worst where it shows as something else."""
    known = [value for value in values if value is not None]
    if not known:
        return NOTHING
    usual, end = show(median(known)), show(worst(known))
    return usual if usual == end else f"{usual} ({end})"
