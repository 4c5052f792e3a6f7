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

#: Display cells. No identifier that distillscan makes is as long as that: people copy it, so it must be whole.
ID_WIDTH, SEEN_WIDTH, SUMMARY_WIDTH = 400, 24, 240


@dataclass(frozen=True, slots=True)
class _TableColumn:
    title: str
    cell: Callable[[Cluster], str]
    right: bool = True


@dataclass(frozen=True, slots=True)
class _Layout:
    """Columns, their widths and the gap between them; what is in no column stands on lines of its own."""

    columns: list[_TableColumn]
    widths: list[int]
    gap: int

    @property
    def width(self) -> int:
        return sum(self.widths) + self.gap * (len(self.widths) - 1)

    def has(self, title: str) -> bool:
        return any(column.title == title for column in self.columns)

    def line(self, cells: Sequence[Text]) -> Text:
        """A line that keeps its columns: never wrapped, no spaces at its end."""
        line = Text(" " * self.gap, no_wrap=True, overflow="crop").join(
            _fit(cell, width, right=column.right)
            for cell, width, column in zip(cells, self.widths, self.columns, strict=True)
        )
        line.rstrip()
        return line


def ranked_table(clusters: Sequence[Cluster], width: int) -> RenderableType:
    """Return the table, as complete as ``width`` allows.

    Where it is narrow, the gaps shrink first, then the years go, then the dates move to the second line, then counts
    are shortened; last, identifiers get a line of their own.
    """
    layout = _layout(clusters, width)
    lines: list[RenderableType] = [layout.line([Text(column.title, style.QUIET) for column in layout.columns])]
    for cluster in clusters:
        lines.append(layout.line([Text(c.cell(cluster), _cell_style(c, cluster)) for c in layout.columns]))
        name = Text(clip(cluster.cluster_id, ID_WIDTH), style.STRONG, overflow="fold")
        below = [] if layout.has("cluster") else [name]
        dates = "" if layout.has("seen") else f"{clip(_seen(cluster, year=True), SEEN_WIDTH)}  "
        below.append(Text.assemble((dates, style.QUIET), clip(cluster.summary, SUMMARY_WIDTH)))
        lines.append(Padding(Group(*below), (0, 0, 0, layout.widths[0] + layout.gap)))
    return Group(*lines)


def _layout(clusters: Sequence[Cluster], width: int) -> _Layout:
    """The first layout that fits, of ever terser ones."""
    years = {when.year for c in clusters for iso in (c.first_seen, c.last_seen) if (when := moment(iso))}
    for named, short_counts, year, gap in product((True, False), (False, True), (True, False, None), (2, 1)):
        if year is False and len(years) > 1:
            continue
        columns = _columns(short_counts, year, named=named)
        widths = [max(len(column.title), *(cell_len(column.cell(c)) for c in clusters)) for column in columns]
        layout = _Layout(columns, widths, gap)
        if layout.width <= width:
            break
    return layout


def _columns(short_counts: bool, year: bool | None, *, named: bool) -> list[_TableColumn]:
    count = compact if short_counts else number
    columns = [
        _TableColumn("#", lambda c: number(c.rank)),
        _TableColumn("severity", lambda c: c.severity, right=False),
        _TableColumn("cluster", lambda c: clip(c.cluster_id, ID_WIDTH), right=False),
        _TableColumn("accounts", lambda c: count(c.accounts)),
        _TableColumn("requests", lambda c: count(c.requests)),
        _TableColumn("coord.", lambda c: percent(c.coordination)),
        _TableColumn("extr.", lambda c: percent(c.extraction)),
        _TableColumn("score", lambda c: score(c.score)),
    ]
    if year is not None:
        columns.append(_TableColumn("seen", partial(_seen, year=year), right=False))
    return columns if named else [column for column in columns if column.title != "cluster"]


def _seen(cluster: Cluster, *, year: bool) -> str:
    return days(cluster.first_seen, cluster.last_seen, year=year)


def _cell_style(column: _TableColumn, cluster: Cluster) -> str:
    if column.title == "severity":
        return style.SEVERITY[cluster.severity]
    return style.STRONG if column.title == "cluster" else ""


def _fit(cell: Text, width: int, *, right: bool) -> Text:
    padding = " " * (width - cell.cell_len)
    return Text(padding) + cell if right else cell + Text(padding)
