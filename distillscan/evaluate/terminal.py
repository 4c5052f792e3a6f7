"""An evaluation for people: a few aligned tables, in the manner of the report."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from distillscan.evaluate import figures as ev
from distillscan.report.views.terminal import style
from distillscan.report.views.terminal.console import as_text
from distillscan.sanitize import clip
from distillscan.wording import counted, number, percent, score

#: Display cells of names, cluster ids and notes; so cut, every table fits the narrowest width.
NAME, ID, NOTE, MIN_WIDTH = 24, 48, 600, 80
NOTHING: Final = "–"

#: A row of a table: cells, left-aligned first; a style for the whole row.
_Row = tuple[Sequence[str], str]


def to_text(evaluation: ev.Evaluation, *, width: int = 100, color: bool = False) -> str:
    """Return the evaluation as text, with ANSI colours or without any escape sequence."""
    parts: list[RenderableType] = [_header(evaluation)]
    for title, body in _sections(evaluation):
        parts += [Text(), Text(title, style.STRONG), Padding(body, (0, 0, 0, 2), expand=False)]
    return as_text(Group(*parts), max(width, MIN_WIDTH), color=color)


def _header(e: ev.Evaluation) -> Text:
    c = e.coverage
    text = Text.assemble(("distillscan", style.STRONG), f" {e.version}")
    text.append(f"  evaluation of a report by {clip(e.report_version, NAME)}\n", style.QUIET)
    text.append(
        f"{counted(c.labelled, 'labelled account')}, {number(c.campaign_accounts)} of them in "
        f"{counted(c.campaigns, 'campaign')}\n"
    )
    text.append(f"{number(c.reported)} in a cluster of the report, {number(c.not_reported)} in none")
    for note in e.notes:
        text.append("\n! ", "yellow").append(clip(note, NOTE))
    return text


def _sections(e: ev.Evaluation) -> Iterator[tuple[str, RenderableType]]:
    yield "Accounts at each severity or above", _levels(e.levels)
    if e.campaigns:
        yield "Campaigns: accounts found", _campaigns(e.campaigns)
    if e.innocent:
        yield "Innocent accounts accused", _innocent(e.innocent)
    yield "Operators, in clusters at high", _operators(e.operators)
    yield "Ranking", _ranking(e.ranking)
    yield (
        f"Calibration: {number(e.calibration.right)} of {counted(e.calibration.clusters, 'cluster')} right",
        Group(*_calibration(e.calibration)),
    )


def _table(titles: Sequence[str], rows: Iterable[_Row]) -> Table:
    table = Table.grid(padding=(0, 2))
    for i in range(len(titles)):
        table.add_column(justify="right" if i else "left", no_wrap=True)
    table.add_row(*(Text(title, style.QUIET) for title in titles))
    for cells, row_style in rows:
        table.add_row(*(Text(cell, row_style) for cell in cells))
    return table


def _share(value: float | None) -> str:
    return NOTHING if value is None else percent(value)


def _three(value: float | None) -> str:
    return NOTHING if value is None else score(value)


def _levels(levels: Sequence[ev.Level]) -> Table:
    def row(level: ev.Level) -> _Row:
        counts = (number(n) for n in (level.clusters, level.accused, level.right))
        return (level.severity, *counts, _share(level.precision), _share(level.recall)), ""

    return _table(("severity", "clusters", "accused", "right", "precision", "recall"), map(row, levels))


def _campaigns(groups: Sequence[ev.Group]) -> Table:
    def row(group: ev.Group) -> _Row:
        counts = (number(n) for n in (group.accounts, group.at_high, group.at_medium, group.at_low))
        return (clip(group.name, NAME), *counts, percent(group.share_at_high)), "" if group.at_high else "yellow"

    titles = ("campaign", "accounts", "at high", "at medium", "at low", "recall at high")
    return _table(titles, map(row, groups))


def _innocent(groups: Sequence[ev.Group]) -> RenderableType:
    """The cohorts with an accused account, and how many there are without."""
    accused = sorted((g for g in groups if g.at_low), key=lambda g: (-g.at_high, -g.at_medium, -g.at_low, g.name))
    spared = [group for group in groups if not group.at_low]
    parts: list[RenderableType] = []
    if accused:
        rows: list[_Row] = [
            (
                (clip(g.name, NAME), *(number(n) for n in (g.accounts, g.at_high, g.at_medium, g.at_low))),
                style.FOR if g.at_high else "",
            )
            for g in accused
        ]
        parts.append(_table(("cohort", "accounts", "at high", "at medium", "at low"), rows))
    if spared:
        which = f"the other {counted(len(spared), 'cohort')}" if accused else counted(len(spared), "cohort")
        accounts = counted(sum(group.accounts for group in spared), "account")
        parts.append(Text(f"none in {which} ({accounts})", style.QUIET))
    return Group(*parts)


def _operators(operators: ev.Operators) -> RenderableType:
    if not operators.clusters:
        return Text("no cluster at high", style.QUIET)
    clusters = counted(len(operators.clusters), "cluster")
    found = counted(len(operators.operators), "operator")
    parts: list[RenderableType] = [
        Text(
            f"merged  {_share(operators.merged)} of the accounts in {clusters} are not of the cluster's main operator"
        ),
        Text(f"split   {_share(operators.split)} of the found accounts of {found} are not in its main cluster"),
    ]
    merged = [
        ((clip(m.cluster_id, ID), number(m.accounts), number(m.operators), percent(m.merged)), "")
        for m in operators.clusters
        if m.operators > 1
    ]
    split = [
        ((clip(s.operator, NAME), number(s.found), number(s.clusters), percent(s.split)), "")
        for s in operators.operators
        if s.split
    ]
    if merged:
        parts += [Text(), _table(("cluster", "accounts", "operators", "merged"), merged)]
    if split:
        parts += [Text(), _table(("operator", "found", "clusters", "split"), split)]
    return Group(*parts)


def _ranking(ranking: ev.Ranking) -> Text:
    return Text.assemble(
        f"average precision {_three(ranking.average_precision)}",
        (f"  (accounts in random order: {_three(ranking.by_chance)})", style.QUIET),
    )


def _calibration(axes: ev.Axes) -> Iterator[RenderableType]:
    if not axes.clusters:
        yield Text("no cluster to judge", style.QUIET)
        return
    for name, axis in (("score", axes.score), ("coordination", axes.coordination), ("extraction", axes.extraction)):
        rows: list[_Row] = [(_bin(b), "") for b in axis.bins]
        rows.append((("Brier", "", "", "", _three(axis.brier), "", "", _three(axis.account_brier)), style.QUIET))
        # Padded to the longest name, so that the three tables stand in line.
        titles = (f"{name:<12}", "clusters", "right", "stated", "observed", "accounts", "stated", "observed")
        yield _table(titles, rows)
        yield Text()
    yield Text("The last three columns weight clusters by their accounts.", style.QUIET)


def _bin(b: ev.Bin) -> tuple[str, ...]:
    shares = (_three(b.account_stated), _three(b.account_observed))
    judged = (number(b.clusters), number(b.right), _three(b.stated), _three(b.observed))
    return (f"{b.low:.1f}–{b.high:.1f}", *judged, number(b.accounts), *shares)
