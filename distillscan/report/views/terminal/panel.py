"""The panel of one cluster: how sure, why, what, when, where, what else could explain it, and how to look closer."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from distillscan.report.document import dumps
from distillscan.report.views.shared.charts import Bar, series, sparkline, waterfall
from distillscan.report.views.shared.facts import NUMBERS, fact_groups
from distillscan.report.views.shared.judgement import Judgement, explanations, judgements
from distillscan.report.views.terminal import style
from distillscan.result import FAMILIES, Cluster, Evidence
from distillscan.sanitize import clip, visible
from distillscan.wording import bits, counted, number, percent, period, probability

#: How much is listed before ``-v``: evidence a family, values a kind, templates, accounts.
EVIDENCE, VALUES, TEMPLATES, ACCOUNTS = 3, 3, 3, 6
#: Accounts listed with ``-v``; all of them are in the JSON.
MOST_ACCOUNTS = 500
#: Display cells given to one statement, one template, the numbers of one piece of evidence, and an identifier.
PARAGRAPH, SKELETON, DETAILS, ID_WIDTH = 600, 480, 960, 400
#: Display cells given to the label of a weight.
LABEL = 28
#: A smaller difference between the sum of weights and the published probability is not worth a line.
CALIBRATED = 0.02
#: Indent of a section's body, and the frame's two columns.
INDENT, FRAME = 2, 4


def cluster_panel(cluster: Cluster, width: int, verbosity: int = 0) -> RenderableType:
    """Return everything there is to say about one cluster, laid out in ``width`` columns."""
    inner = width - FRAME
    sections: list[RenderableType] = [_what(cluster, inner)]
    labels = max((cell_len(clip(weight.label, LABEL)) for weight in cluster.weights), default=0)
    sections += [_judgement(one, labels, inner, verbosity) for one in judgements(cluster)]
    sections += _templates(cluster, verbosity)
    sections += _facts("Models and capabilities", cluster.capabilities, verbosity)
    sections += _facts("Infrastructure", cluster.infrastructure, verbosity)
    sections += _innocent(cluster)
    sections.append(_closer(cluster, verbosity))
    spaced = [part for section in sections for part in (section, Text())][:-1]
    colour = style.SEVERITY[cluster.severity]
    title = Text(f" {number(cluster.rank)}  {cluster.severity} ", colour)
    name = Text(clip(cluster.cluster_id, ID_WIDTH), style.STRONG, overflow="fold")
    if title.cell_len + name.cell_len + 2 <= inner:
        title = Text.assemble(title, " ", name, " ")
    else:  # the frame would cut it
        spaced.insert(0, name)
    return Panel(
        Group(*spaced),
        title=title,
        title_align="left",
        box=box.ROUNDED,
        border_style=colour.removeprefix("bold "),
        padding=(0, 1),
        width=width,
    )


def _what(cluster: Cluster, width: int) -> RenderableType:
    size = f"{counted(cluster.accounts, 'account')} · {counted(cluster.requests, 'request')}"
    parts = [
        Text(clip(cluster.summary, PARAGRAPH), style.STRONG),
        Text(size),
        Text(period(cluster.first_seen, cluster.last_seen)),
    ]
    drawn = series(cluster.timeline, min(width - INDENT, 72))
    if drawn and len(drawn.values) > 1:
        parts.append(Text.assemble((sparkline(drawn.values), ""), (f"  {drawn.caption}", style.QUIET)))
    return Group(*parts)


def _judgement(judgement: Judgement, label_width: int, width: int, verbosity: int) -> RenderableType:
    body: list[RenderableType] = []
    if judgement.weights:
        body += [_sum(judgement, label_width, width - INDENT), Text()]
    evidence = judgement.evidence
    body.append(_evidence(evidence, verbosity) if evidence else Text("no evidence either way", style.QUIET))
    title = f"{judgement.question}  {percent(judgement.probability)}"
    unit = "  bits: every +1 doubles the odds" if judgement.weights else ""
    return _section(Text.assemble((title, style.STRONG), (unit, style.QUIET)), *body)


def _sum(judgement: Judgement, label_width: int, width: int) -> RenderableType:
    """The prior and what each family adds, drawn so that every bar begins where the last one ended."""
    weights, total = judgement.weights, judgement.bits
    bars, total_bar, zero = waterfall([weight.bits for weight in weights], min(max(width - label_width - 11, 10), 60))
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, min_width=label_width)
    table.add_column(no_wrap=True, min_width=5, justify="right")
    table.add_column(no_wrap=True)
    for weight, bar in zip(weights, bars, strict=True):
        colour = style.QUIET if weight.label == "prior" else _colour(weight.bits)
        table.add_row(Text(clip(weight.label, LABEL)), Text(bits(weight.bits)), _draw(bar, zero, colour))
    table.add_row(
        Text("sum"), Text(bits(total), style.STRONG), _draw(total_bar, zero, "" if total >= 0 else style.QUIET)
    )
    odds, published = probability(total), judgement.probability
    if abs(odds - published) > CALIBRATED:
        text = f"{percent(odds)} by the sum alone; {percent(published)} after calibration"
        table.add_row("", "", Text(text, style.QUIET))
    return table


def _draw(bar: Bar, zero: int, colour: str) -> Text:
    text = Text()
    for cell in range(max(bar.end, zero + 1)):
        if bar.start <= cell < bar.end:
            text.append("━", colour)
        else:
            text.append("│" if cell == zero else " ", style.QUIET)
    return text


def _colour(weight: float) -> str:
    return style.FOR if weight > 0 else style.AGAINST


def _evidence(evidence: Sequence[Evidence], verbosity: int) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, min_width=8, style=style.QUIET)
    table.add_column(no_wrap=True, min_width=5, justify="right")
    table.add_column()
    for family in FAMILIES:
        found = [item for item in evidence if item.family == family]
        shown = found if verbosity else found[:EVIDENCE]
        for i, item in enumerate(shown):
            statement = Text(clip(item.summary, PARAGRAPH))
            if verbosity:
                statement.append(f"  {clip(item.detector, 40)}", style.QUIET)
                statement.append(f"\n{clip(_details(item), DETAILS)}" if item.details else "", style.QUIET)
            table.add_row(
                family if i == 0 else "", Text(bits(item.bits), _colour(item.bits) if item.bits else ""), statement
            )
        if len(shown) < len(found):
            table.add_row("", "", Text(f"and {number(len(found) - len(shown))} more (-v)", style.QUIET))
    return table


def _details(item: Evidence) -> str:
    return ", ".join(
        f"{key} {value if isinstance(value, str) else dumps({'': value})[4:-1]}" for key, value in item.details.items()
    )


def _templates(cluster: Cluster, verbosity: int) -> Iterator[RenderableType]:
    if not cluster.templates:
        return
    shown = cluster.templates if verbosity else cluster.templates[:TEMPLATES]
    body: list[RenderableType] = []
    for template in shown:
        where = "system prompt" if template.where == "system_prompt" else "prompt"
        outside = f"{number(template.accounts_outside)} outside" if template.accounts_outside else "none outside"
        numbers = f"{counted(template.accounts, 'account')}, {outside} · {percent(template.coverage)} of requests"
        body.append(
            Text.assemble((f"{where}  ", style.QUIET), numbers, (f"  {clip(template.template_id, 40)}", style.QUIET))
        )
        body.append(Padding(_skeleton(template.skeleton, verbosity), (0, 0, 0, INDENT)))
    if len(shown) < len(cluster.templates):
        body.append(Text(f"and {number(len(cluster.templates) - len(shown))} more (-v)", style.QUIET))
    yield _section(Text("Templates", style.STRONG), *body)


def _skeleton(skeleton: str, verbosity: int) -> Text:
    """The template with its slots set apart from the words that never change."""
    text = Text(visible(skeleton) if verbosity else clip(skeleton, SKELETON))
    text.highlight_regex(r"\{[^{}]*\}", "cyan")
    return text


def _facts(title: str, mapping: Mapping[str, Any], verbosity: int) -> Iterator[RenderableType]:
    groups = fact_groups(mapping)
    if not groups:
        return
    facts = [fact for group in groups for fact in group.facts]
    columns = [name for name in NUMBERS if any(name in fact.numbers for fact in facts)]
    more = any(fact.more for fact in facts)
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style=style.QUIET)
    table.add_column(overflow="fold")
    for _ in columns:
        table.add_column(no_wrap=True, justify="right")
    if more:
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
            cells = [fact.cell(name) for name in columns] + [clip(fact.more, PARAGRAPH)] * more
            table.add_row("" if i else label, Text(clip(fact.value, 160)), *map(Text, cells))
        if len(shown) < group.distinct:
            hint = " (-v)" if len(shown) < len(group.facts) else ""
            table.add_row("", Text(f"and {number(group.distinct - len(shown))} more{hint}", style.QUIET))
    yield _section(Text(title, style.STRONG), table)


def _innocent(cluster: Cluster) -> Iterator[RenderableType]:
    if not cluster.benign_explanations:
        return
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    for item in explanations(cluster):
        glyph, colour = style.VERDICT[item.verdict]
        table.add_row(
            Text(f"{glyph} {item.verdict}", colour),
            Text(f"{clip(item.explanation, PARAGRAPH)} – {clip(item.reason, PARAGRAPH)}"),
        )
    yield _section(Text("Innocent explanations", style.STRONG), table)


def _closer(cluster: Cluster, verbosity: int) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style=style.QUIET)
    table.add_column(overflow="fold")
    shown = cluster.account_ids[: MOST_ACCOUNTS if verbosity else ACCOUNTS]
    ids = Text(", ".join(clip(account, 200 if verbosity else 40) for account in shown))
    if len(shown) < len(cluster.account_ids):
        where = "--format json" if verbosity else "-v"
        ids.append(f" and {number(len(cluster.account_ids) - len(shown))} more ({where})", style.QUIET)
    if cluster.account_ids:
        table.add_row("accounts", ids)
    table.add_row("details", f"distillscan render report.json --cluster {cluster.rank} -v")
    return _section(Text("Look closer", style.STRONG), table)


def _section(title: Text, *body: RenderableType) -> RenderableType:
    return Group(title, *(Padding(part, (0, 0, 0, INDENT)) for part in body))
