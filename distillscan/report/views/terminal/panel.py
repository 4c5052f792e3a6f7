"""The panel of one cluster: how sure, why, what, when, where, what else could explain it, and how to look closer."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Column, Table
from rich.text import Text

from distillscan.report.document import dumps
from distillscan.report.views.shared.charts import Bar, series, sparkline, waterfall
from distillscan.report.views.shared.facts import NUMBERS, FactGroup, cluster_facts
from distillscan.report.views.shared.judgement import Judgement, explanations, judgements
from distillscan.report.views.terminal import style
from distillscan.report.views.terminal.console import INDENT, indented, section
from distillscan.result import FAMILIES, Cluster, Evidence, Template
from distillscan.sanitize import clip, visible
from distillscan.wording import bits, counted, number, percent, period, probability

#: How much is listed before ``-v``: evidence a family, values a kind, templates, accounts.
EVIDENCE, VALUES, TEMPLATES, ACCOUNTS = 3, 3, 3, 6
#: Accounts listed with ``-v``; all of them are in the JSON.
MOST_ACCOUNTS = 500
#: Display cells given to one statement, one template, the numbers of one piece of evidence, and an identifier.
PARAGRAPH, SKELETON, DETAILS, ID_WIDTH = 600, 480, 960, 400
#: Display cells given to the label of a weight, and to a timeline at most.
LABEL, TIMELINE = 28, 72
#: A smaller difference between the sum of weights and the published probability is not worth a line.
CALIBRATED = 0.02
#: Columns of the frame.
FRAME = 4


def cluster_panel(cluster: Cluster, width: int, verbosity: int = 0) -> RenderableType:
    """Return everything there is to say about one cluster, laid out in ``width`` columns."""
    colour = style.SEVERITY[cluster.severity]
    title = Text(f" {number(cluster.rank)}  {cluster.severity} ", colour)
    name = Text(clip(cluster.cluster_id, ID_WIDTH), style.STRONG, overflow="fold")
    fits = title.cell_len + name.cell_len + 2 <= width - FRAME
    sections = [part for one in _sections(cluster, width - FRAME, verbosity) for part in (one, Text())][:-1]
    return Panel(
        Group(*sections) if fits else Group(name, *sections),
        title=Text.assemble(title, " ", name, " ") if fits else title,
        title_align="left",
        box=box.ROUNDED,
        border_style=colour.removeprefix("bold "),
        padding=(0, 1),
        width=width,
    )


def _sections(cluster: Cluster, width: int, verbosity: int) -> Iterator[RenderableType]:
    yield _what(cluster, width - INDENT)
    labels = max((cell_len(clip(weight.label, LABEL)) for weight in cluster.weights), default=0)
    for judgement in judgements(cluster):
        yield _judgement(judgement, labels, width - INDENT, verbosity)
    if cluster.templates:
        yield section("Templates", *_templates(cluster.templates, verbosity))
    for title, groups in cluster_facts(cluster).items():
        yield section(title, _facts(groups, verbosity))
    if cluster.benign_explanations:
        yield section("Innocent explanations", _innocent(cluster))
    yield section("Look closer", _closer(cluster, verbosity))


def _what(cluster: Cluster, width: int) -> RenderableType:
    size = f"{counted(cluster.accounts, 'account')} · {counted(cluster.requests, 'request')}"
    seen = period(cluster.first_seen, cluster.last_seen)
    parts = [Text(clip(cluster.summary, PARAGRAPH), style.STRONG), Text(size), Text(seen)]
    if drawn := series(cluster.timeline, min(width, TIMELINE)):
        parts.append(Text.assemble(sparkline(drawn.values), (f"  {drawn.caption}", style.QUIET)))
    return Group(*parts)


def _judgement(judgement: Judgement, label_width: int, width: int, verbosity: int) -> RenderableType:
    title = Text(f"{judgement.question}  {percent(judgement.probability)}", style.STRONG)
    body: list[RenderableType] = []
    if judgement.weights:
        title = Text.assemble(title, ("  bits: every +1 doubles the odds", style.QUIET))
        body.append(Group(_sum(judgement, label_width, width), Text()))
    evidence = judgement.evidence
    body.append(_evidence(evidence, verbosity) if evidence else Text("no evidence either way", style.QUIET))
    return section(title, *body)


def _sum(judgement: Judgement, label_width: int, width: int) -> RenderableType:
    """The prior and what each family adds, drawn so that every bar begins where the last one ended."""
    bars, zero = waterfall(judgement.weights, min(max(width - label_width - 11, 10), 60))
    weight = Column(no_wrap=True, min_width=5, justify="right")
    table = Table.grid(Column(no_wrap=True, min_width=label_width), weight, Column(no_wrap=True), padding=(0, 2))
    for bar in bars:
        strong = style.STRONG if bar.kind == "sum" else ""
        table.add_row(Text(clip(bar.label, LABEL)), Text(bits(bar.bits), strong), _draw(bar, zero))
    odds, published = probability(judgement.bits), judgement.probability
    if abs(odds - published) > CALIBRATED:
        text = f"{percent(odds)} by the sum alone; {percent(published)} after calibration"
        table.add_row("", "", Text(text, style.QUIET))
    return table


def _draw(bar: Bar, zero: int) -> Text:
    colour = style.QUIET if bar.kind == "sum" and bar.bits < 0 else style.BAR[bar.kind]
    return Text.assemble(
        *(
            ("━", colour) if bar.start <= cell < bar.end else ("│" if cell == zero else " ", style.QUIET)
            for cell in range(max(bar.end, zero + 1))
        )
    )


def _evidence(evidence: Sequence[Evidence], verbosity: int) -> RenderableType:
    family_column = Column(no_wrap=True, min_width=8, style=style.QUIET)
    table = Table.grid(family_column, Column(no_wrap=True, min_width=5, justify="right"), Column(), padding=(0, 2))
    for family in FAMILIES:
        found = [item for item in evidence if item.family == family]
        shown = found if verbosity else found[:EVIDENCE]
        for i, item in enumerate(shown):
            statement = Text(clip(item.summary, PARAGRAPH))
            if verbosity:
                statement.append(f"  {clip(item.detector, 40)}", style.QUIET)
                statement.append(f"\n{clip(_details(item), DETAILS)}" if item.details else "", style.QUIET)
            colour = "" if not item.bits else style.FOR if item.bits > 0 else style.AGAINST
            table.add_row("" if i else family, Text(bits(item.bits), colour), statement)
        if len(shown) < len(found):
            table.add_row("", "", _more(len(found) - len(shown)))
    return table


def _details(item: Evidence) -> str:
    return ", ".join(
        f"{key} {value if isinstance(value, str) else dumps({'': value})[4:-1]}" for key, value in item.details.items()
    )


def _templates(templates: Sequence[Template], verbosity: int) -> Iterator[RenderableType]:
    shown = templates if verbosity else templates[:TEMPLATES]
    for template in shown:
        outside = f"{number(template.accounts_outside)} outside" if template.accounts_outside else "none outside"
        yield Text.assemble(
            (f"{template.where.replace('_', ' ')}  ", style.QUIET),
            f"{counted(template.accounts, 'account')}, {outside} · {percent(template.coverage)} of requests",
            (f"  {clip(template.template_id, 40)}", style.QUIET),
        )
        skeleton = Text(visible(template.skeleton) if verbosity else clip(template.skeleton, SKELETON))
        skeleton.highlight_regex(r"\{[^{}]*\}", "cyan")  # what differs, apart from the words that never change
        yield indented(skeleton)
    if len(shown) < len(templates):
        yield _more(len(templates) - len(shown))


def _facts(groups: Sequence[FactGroup], verbosity: int) -> RenderableType:
    facts = [fact for group in groups for fact in group.facts]
    columns = [name for name in NUMBERS if any(name in fact.numbers for fact in facts)]
    table = Table.grid(Column(no_wrap=True, style=style.QUIET), Column(overflow="fold"), padding=(0, 2))
    for _ in columns:
        table.add_column(no_wrap=True, justify="right")
    if more := any(fact.more for fact in facts):
        table.add_column(overflow="fold", style=style.QUIET)
    if columns:
        table.add_row("", "", *(Text(name, style.QUIET) for name in columns))
    for group in groups:
        label = Text(clip(group.name, 20))
        if not verbosity and group.none_shared:
            table.add_row(label, Text(f"{counted(group.distinct, 'value')}, one account each", style.QUIET))
            continue
        shown = group.facts if verbosity else group.facts[:VALUES]
        for i, fact in enumerate(shown):
            cells = [clip(fact.value, 160), *map(fact.cell, columns), *[clip(fact.more, PARAGRAPH)] * more]
            table.add_row("" if i else label, *map(Text, cells))
        if len(shown) < group.distinct:
            hint = " (-v)" if len(shown) < len(group.facts) else ""
            table.add_row("", _more(group.distinct - len(shown), hint))
    return table


def _innocent(cluster: Cluster) -> RenderableType:
    table = Table.grid(Column(no_wrap=True), Column(), padding=(0, 2))
    for item in explanations(cluster):
        glyph, colour = style.VERDICT[item.verdict]
        text = f"{clip(item.explanation, PARAGRAPH)} – {clip(item.reason, PARAGRAPH)}"
        table.add_row(Text(f"{glyph} {item.verdict}", colour), Text(text))
    return table


def _closer(cluster: Cluster, verbosity: int) -> RenderableType:
    table = Table.grid(Column(no_wrap=True, style=style.QUIET), Column(overflow="fold"), padding=(0, 2))
    shown = cluster.account_ids[: MOST_ACCOUNTS if verbosity else ACCOUNTS]
    ids = Text(", ".join(clip(account, 200 if verbosity else 40) for account in shown))
    if len(shown) < len(cluster.account_ids):
        where = "--format json" if verbosity else "-v"
        ids.append(f" and {number(len(cluster.account_ids) - len(shown))} more ({where})", style.QUIET)
    if cluster.account_ids:
        table.add_row("accounts", ids)
    table.add_row("details", f"distillscan render report.json --cluster {cluster.rank} -v")
    return table


def _more(n: int, hint: str = " (-v)") -> Text:
    """How much is not listed, and how to see it."""
    return Text(f"and {number(n)} more{hint}", style.QUIET)
