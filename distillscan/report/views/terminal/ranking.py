"""The ranked table: one line of aligned numbers per cluster, and beneath it what the cluster is, in a sentence."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

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
#: Columns of words; numbers stand right.
_LEFT: Final = ("severity", "cluster", "seen")


@dataclass(frozen=True, slots=True)
class _Layout:
    """Columns by title, their widths and the gap between them; what is in no column stands on lines of its own."""

    columns: Mapping[str, Callable[[Cluster], str]]
    widths: Sequence[int]
    gap: int

    def line(self, cells: Iterable[Text]) -> Text:
        """A line that keeps its columns: never wrapped, no spaces at its end."""
        fitted = []
        for title, cell, width in zip(self.columns, cells, self.widths, strict=True):
            padding = Text(" " * (width - cell.cell_len))
            fitted.append(cell + padding if title in _LEFT else padding + cell)
        line = Text(" " * self.gap, no_wrap=True, overflow="crop").join(fitted)
        line.rstrip()
        return line


def ranked_table(clusters: Sequence[Cluster], width: int) -> RenderableType:
    """Return the table, as complete as ``width`` allows.

    Where it is narrow, the gaps shrink first, then the years go, then the dates move to the second line, then counts
    are shortened; last, identifiers get a line of their own.
    """
    layout = _layout(clusters, width)
    lines: list[RenderableType] = [layout.line(Text(title, style.QUIET) for title in layout.columns)]
    for c in clusters:
        styles = {"severity": style.SEVERITY[c.severity], "cluster": style.STRONG}
        lines.append(layout.line(Text(cell(c), styles.get(title, "")) for title, cell in layout.columns.items()))
        name = Text(clip(c.cluster_id, ID_WIDTH), style.STRONG, overflow="fold")
        dates = f"{clip(days(c.first_seen, c.last_seen, year=True), SEEN_WIDTH)}  "
        summary = Text.assemble(
            ("" if "seen" in layout.columns else dates, style.QUIET), clip(c.summary, SUMMARY_WIDTH)
        )
        below = [summary] if "cluster" in layout.columns else [name, summary]
        lines.append(Padding(Group(*below), (0, 0, 0, layout.widths[0] + layout.gap)))
    return Group(*lines)


def _layout(clusters: Sequence[Cluster], width: int) -> _Layout:
    """The first layout that fits, of ever terser ones."""
    years = {when.year for c in clusters for iso in (c.first_seen, c.last_seen) if (when := moment(iso))}
    for named, short_counts, year, gap in product((True, False), (False, True), (True, False, None), (2, 1)):
        if year is False and len(years) > 1:
            continue
        columns = _columns(short_counts, year, named=named)
        widths = [max(len(title), *(cell_len(cell(c)) for c in clusters)) for title, cell in columns.items()]
        if sum(widths) + gap * (len(widths) - 1) <= width:
            break
    return _Layout(columns, widths, gap)


def _columns(short_counts: bool, year: bool | None, *, named: bool) -> dict[str, Callable[[Cluster], str]]:
    count = compact if short_counts else number
    columns: dict[str, Callable[[Cluster], str]] = {
        "#": lambda c: number(c.rank),
        "severity": lambda c: c.severity,
        "cluster": lambda c: clip(c.cluster_id, ID_WIDTH),
        "accounts": lambda c: count(c.accounts),
        "requests": lambda c: count(c.requests),
        "coord.": lambda c: percent(c.coordination),
        "extr.": lambda c: percent(c.extraction),
        "score": lambda c: score(c.score),
        "seen": lambda c: days(c.first_seen, c.last_seen, year=bool(year)),
    }
    left_out = {"cluster": not named, "seen": year is None}
    return {title: cell for title, cell in columns.items() if not left_out.get(title)}
