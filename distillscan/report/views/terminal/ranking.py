"""The ranked table: one line of aligned numbers per cluster, and beneath it what the cluster is, in a sentence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from distillscan.report.views.terminal import style
from distillscan.result import Cluster
from distillscan.sanitize import clip
from distillscan.wording import compact, days, moment, number, percent, score

#: Display cells. What distillscan writes is never cut; a report that something else made may be.
ID_WIDTH, SEEN_WIDTH, SUMMARY_WIDTH = 32, 24, 240


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    cell: Callable[[Cluster], str]
    right: bool = True


def ranked_table(clusters: Sequence[Cluster], width: int) -> RenderableType:
    """Return the table, as complete as ``width`` allows.

    Where it is narrow, the gaps shrink first, then the years go, then the dates move to the second line; last, counts
    are shortened.
    """
    columns, widths, gap = _layout(clusters, width)
    dated = any(column.title == "seen" for column in columns)
    head = (" " * gap).join(_fit(c.title, w, right=c.right) for c, w in zip(columns, widths, strict=True))
    lines: list[RenderableType] = [_line(Text(head, style.QUIET))]
    for cluster in clusters:
        line = Text()
        for i, (column, cells) in enumerate(zip(columns, widths, strict=True)):
            line.append(" " * (gap * bool(i)))
            line.append(_fit(column.cell(cluster), cells, right=column.right), _cell_style(column, cluster))
        below = Text() if dated else Text(f"{clip(_seen(cluster, year=True), SEEN_WIDTH)}  ", style.QUIET)
        below.append(clip(cluster.summary, SUMMARY_WIDTH), "not dim")
        lines += [_line(line), Padding(below, (0, 0, 0, widths[0] + gap))]
    return Group(*lines)


def _line(text: Text) -> Text:
    """A line that keeps its columns: never wrapped, no spaces at its end."""
    text.no_wrap, text.overflow = True, "crop"
    text.rstrip()
    return text


def _layout(clusters: Sequence[Cluster], width: int) -> tuple[list[_Column], list[int], int]:
    """The first layout that fits, of ever terser ones: columns, their widths and the gap between them."""
    years = {when.year for c in clusters for iso in (c.first_seen, c.last_seen) if (when := moment(iso))}
    for short_counts, year, gap in product((False, True), (True, False, None), (2, 1)):
        if year is False and len(years) > 1:
            continue
        columns = _columns(short_counts, year)
        widths = [max(len(column.title), *(cell_len(column.cell(c)) for c in clusters)) for column in columns]
        if sum(widths) + gap * (len(widths) - 1) <= width:
            break
    return columns, widths, gap


def _columns(short_counts: bool, year: bool | None) -> list[_Column]:
    count = compact if short_counts else number
    columns = [
        _Column("#", lambda c: number(c.rank)),
        _Column("severity", lambda c: c.severity, right=False),
        _Column("cluster", lambda c: clip(c.cluster_id, ID_WIDTH), right=False),
        _Column("accounts", lambda c: count(c.accounts)),
        _Column("requests", lambda c: count(c.requests)),
        _Column("coord.", lambda c: percent(c.coordination)),
        _Column("extr.", lambda c: percent(c.extraction)),
        _Column("score", lambda c: score(c.score)),
    ]
    return columns if year is None else [*columns, _Column("seen", partial(_seen, year=year), right=False)]


def _seen(cluster: Cluster, *, year: bool) -> str:
    return days(cluster.first_seen, cluster.last_seen, year=year)


def _cell_style(column: _Column, cluster: Cluster) -> str:
    if column.title == "severity":
        return style.SEVERITY[cluster.severity]
    return style.STRONG if column.title == "cluster" else ""


def _fit(cell: str, width: int, *, right: bool) -> str:
    padding = " " * (width - cell_len(cell))
    return padding + cell if right else cell + padding
