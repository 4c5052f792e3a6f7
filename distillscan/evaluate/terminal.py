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

#: Cells of a row, left-aligned first: a whole number, a share, a text, None for nothing; and a style for the row.
_Row = tuple[Iterable[int | float | str | None], str]


def to_text(evaluation: ev.Evaluation, *, width: int = 100, color: bool = False) -> str:
    """Return the evaluation as text, with ANSI colours or without any escape sequence."""
    parts: list[RenderableType] = [_header(evaluation)]
    for title, body in _sections(evaluation):
        parts += [Text(), Text(title, style.STRONG), Padding(Group(*body), (0, 0, 0, 2), expand=False)]
    return as_text(Group(*parts), max(width, MIN_WIDTH), color=color)


def _header(e: ev.Evaluation) -> Text:
    c = e.coverage
    labelled, campaigns = counted(c.labelled, "labelled account"), counted(c.campaigns, "campaign")
    text = Text.assemble(
        ("distillscan", style.STRONG),
        f" {e.version}",
        (f"  evaluation of a report by {clip(e.report_version, NAME)}\n", style.QUIET),
        f"{labelled}, {number(c.campaign_accounts)} of them in {campaigns}\n",
        f"{number(c.reported)} in a cluster of the report, {number(c.not_reported)} in none",
    )
    for note in e.notes:
        text.append("\n! ", "yellow").append(clip(note, NOTE))
    return text


def _sections(e: ev.Evaluation) -> Iterator[tuple[str, Iterable[RenderableType]]]:
    yield "Accounts at each severity or above", _levels(e.levels)
    if e.campaigns:
        yield "Campaigns: accounts found", _campaigns(e.campaigns)
    if e.innocent:
        yield "Innocent accounts accused", _innocent(e.innocent)
    yield "Operators, in clusters at high", _operators(e.operators)
    yield "Ranking", _ranking(e.ranking)
    right, clusters = number(e.calibration.right), counted(e.calibration.clusters, "cluster")
    yield f"Calibration: {right} of {clusters} right", _calibration(e.calibration)


def _table(titles: Sequence[str], rows: Iterable[_Row]) -> Table:
    table = Table.grid(padding=(0, 2))
    for i in range(len(titles)):
        table.add_column(justify="right" if i else "left", no_wrap=True)
    table.add_row(*(Text(title, style.QUIET) for title in titles))
    for cells, row_style in rows:
        table.add_row(*(Text(_cell(cell), row_style) for cell in cells))
    return table


def _cell(value: float | str | None) -> str:
    match value:
        case None:
            return NOTHING
        case str():
            return value
        case int():
            return number(value)
        case _:
            return percent(value)


def _three(value: float | None) -> str:
    return NOTHING if value is None else score(value)


def _levels(levels: Sequence[ev.Level]) -> Iterator[Table]:
    rows = [((at.severity, at.clusters, at.accused, at.right, at.precision, at.recall), "") for at in levels]
    yield _table(("severity", "clusters", "accused", "right", "precision", "recall"), rows)


def _accused(group: ev.Group) -> tuple[str, int, int, int, int]:
    return clip(group.name, NAME), group.accounts, group.at_high, group.at_medium, group.at_low


def _campaigns(groups: Sequence[ev.Group]) -> Iterator[Table]:
    rows = [((*_accused(group), group.share_at_high), "" if group.at_high else "yellow") for group in groups]
    yield _table(("campaign", "accounts", "at high", "at medium", "at low", "recall at high"), rows)


def _innocent(groups: Sequence[ev.Group]) -> Iterator[RenderableType]:
    """The cohorts with an accused account, and how many there are without."""
    accused = sorted((g for g in groups if g.at_low), key=lambda g: (-g.at_high, -g.at_medium, -g.at_low, g.name))
    spared = [group for group in groups if not group.at_low]
    if accused:
        rows = [(_accused(group), style.FOR if group.at_high else "") for group in accused]
        yield _table(("cohort", "accounts", "at high", "at medium", "at low"), rows)
    if spared:
        which = f"{'the other ' if accused else ''}{counted(len(spared), 'cohort')}"
        accounts = counted(sum(group.accounts for group in spared), "account")
        yield Text(f"none in {which} ({accounts})", style.QUIET)


def _operators(operators: ev.Operators) -> Iterator[RenderableType]:
    if not operators.clusters:
        yield Text("no cluster at high", style.QUIET)
        return
    clusters, found = counted(len(operators.clusters), "cluster"), counted(len(operators.operators), "operator")
    merged, split = _cell(operators.merged), _cell(operators.split)
    yield Text(f"merged  {merged} of the accounts in {clusters} are not of the cluster's main operator")
    yield Text(f"split   {split} of the found accounts of {found} are not in its main cluster")
    merges = [m for m in operators.clusters if m.operators > 1]
    splits = [s for s in operators.operators if s.split]
    if merges:
        rows: list[_Row] = [((clip(m.cluster_id, ID), m.accounts, m.operators, m.merged), "") for m in merges]
        yield from (Text(), _table(("cluster", "accounts", "operators", "merged"), rows))
    if splits:
        rows = [((clip(s.operator, NAME), s.found, s.clusters, s.split), "") for s in splits]
        yield from (Text(), _table(("operator", "found", "clusters", "split"), rows))


def _ranking(ranking: ev.Ranking) -> Iterator[Text]:
    by_chance = (f"  (accounts in random order: {_three(ranking.by_chance)})", style.QUIET)
    yield Text.assemble(f"average precision {_three(ranking.average_precision)}", by_chance)


def _calibration(axes: ev.Axes) -> Iterator[RenderableType]:
    if not axes.clusters:
        yield Text("no cluster to judge", style.QUIET)
        return
    for name, axis in (("score", axes.score), ("coordination", axes.coordination), ("extraction", axes.extraction)):
        brier = ("Brier", "", "", "", _three(axis.brier), "", "", _three(axis.account_brier))
        rows: list[_Row] = [*((_bin(b), "") for b in axis.bins), (brier, style.QUIET)]
        # Padded to the longest name, so that the three tables stand in line.
        titles = (f"{name:<12}", "clusters", "right", "stated", "observed", "accounts", "stated", "observed")
        yield from (_table(titles, rows), Text())
    yield Text("The last three columns weight clusters by their accounts.", style.QUIET)


def _bin(b: ev.Bin) -> tuple[int | str, ...]:
    weighted = (_three(b.account_stated), _three(b.account_observed))
    return f"{b.low:.1f}–{b.high:.1f}", b.clusters, b.right, _three(b.stated), _three(b.observed), b.accounts, *weighted
