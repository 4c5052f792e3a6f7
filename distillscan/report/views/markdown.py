"""The report as Markdown, for tickets and chats; nothing from a log can become a link, mention, HTML or block."""

import re
from collections.abc import Iterator
from typing import Final

from distillscan.report.filters import hidden_clusters
from distillscan.report.views.shared import judgement
from distillscan.report.views.shared.facts import FactGroup, cluster_facts
from distillscan.report.views.shared.judgement import Judgement
from distillscan.result import Cluster, DetectorRun, Result, Template
from distillscan.sanitize import clip, visible
from distillscan.wording import bits, counted, days, number, percent, period, score

#: Display cells of one statement, one template and one value; tickets have size limits.
PARAGRAPH, SKELETON, VALUE = 600, 2_000, 160
#: Values listed per kind of infrastructure, and accounts per cluster.
VALUES, ACCOUNTS = 5, 20

_PUNCTUATION: Final = re.compile(r"([\\`*_{}\[\]#!|~$^]|(?<!\d):(?=[\w+-]+:))")
#: What makes a line a list, a quotation or the underline of a heading when it stands first.
_BLOCK: Final = re.compile(r"^(?:[-+=>]|\d+(?=[.)]))")
#: A bar that would end a table cell, as it does even in inline code.
_BAR: Final = re.compile(r"(?<!\\)\|")
#: Words that trackers turn into links, mentions or references even when escaped; as code they are left alone.
_TRIGGER: Final = re.compile(r"@|://|www\.|#\d|mailto:|javascript:", re.IGNORECASE)
_WORD: Final = re.compile(r"(\S+)")


def to_markdown(result: Result) -> str:
    """Return the report as GitHub-flavoured Markdown."""
    return "\n".join(_lines(result)) + "\n"


def prose(text: str, width: int = PARAGRAPH) -> str:
    """Text from outside as running text: it reads the same and means nothing to Markdown or HTML."""
    words = _WORD.split(clip(text, width).strip())
    return "".join(code(word, len(word) * 2) if _TRIGGER.search(word) else _escape(word) for word in words)


def paragraph(text: str, width: int = PARAGRAPH) -> str:
    """Text from outside as a paragraph of its own: as ``prose``, and it begins no list, heading or quotation."""
    return _BLOCK.sub(lambda start: f"{start[0]}\\" if start[0].isdecimal() else f"\\{start[0]}", prose(text, width))


def code(text: str, width: int = VALUE) -> str:
    """Text from outside as inline code, fenced by more backticks than it has in a row."""
    safe = clip(text, width)
    if not safe.strip():
        return "*(empty)*"
    fence = _fence(safe, 1)
    pad = " " if "`" in (safe[0], safe[-1]) else ""
    return f"{fence}{pad}{safe}{pad}{fence}"


def _escape(text: str) -> str:
    return _PUNCTUATION.sub(r"\\\1", text.replace("&", "&amp;").replace("<", "&lt;"))


def _fence(text: str, least: int) -> str:
    """More backticks than the text has in a row."""
    return "`" * max(least, 1 + max(map(len, re.findall("`+", text)), default=0))


def _lines(result: Result) -> Iterator[str]:
    population, left_out = result.population, hidden_clusters(result.filters)
    unlooked = judgement.nothing_looked_at(result)
    if unlooked:
        yield from (f"**{unlooked}**", "")
    yield from (f"# distillscan {prose(result.version, 40)}", "")
    when = f", {prose(period(population.first_seen, population.last_seen))}" if population.requests else ""
    lost = f"; {lost}" if (lost := judgement.rows_not_used(result)) else ""
    yield f"{counted(population.requests, 'request')}, {counted(population.accounts, 'account')}{when}{lost}"
    if judgement.severities(result):
        yield from ("", judgement.cluster_counts(result))
    if left_out:
        yield from ("", f"{prose(left_out)}.")
    if result.clusters:
        yield from (
            "",
            "| # | severity | cluster | accounts | requests | coordination | extraction | score | seen | summary |",
        )
        yield "|--:|---|---|--:|--:|--:|--:|--:|---|---|"
        yield from map(_ranked, result.clusters)
        for cluster in result.clusters:
            yield from _cluster(cluster)
    elif not (unlooked or left_out):
        yield from ("", f"**{judgement.nothing_found(result)}**")
    yield from _checked(result)


def _ranked(c: Cluster) -> str:
    counts = number(c.accounts), number(c.requests), _share(c.coordination), _share(c.extraction), score(c.score)
    seen, summary = prose(days(c.first_seen, c.last_seen, year=True)), prose(c.summary, VALUE)
    return _table_row(number(c.rank), c.severity, code(c.cluster_id), *counts, seen, summary)


def _table_row(*cells: str) -> str:
    return "| " + " | ".join(_BAR.sub(r"\|", cell) for cell in cells) + " |"


def _share(value: float) -> str:
    return percent(value).replace("<", "&lt;")


def _cluster(cluster: Cluster) -> Iterator[str]:
    yield from ("", f"## {number(cluster.rank)} · {cluster.severity} · {code(cluster.cluster_id)}", "")
    yield paragraph(cluster.summary)
    when = prose(period(cluster.first_seen, cluster.last_seen))
    yield from ("", f"{counted(cluster.accounts, 'account')}, {counted(cluster.requests, 'request')}, {when}")
    for asked in judgement.judgements(cluster):
        yield from ("", f"### {asked.question}: {_share(asked.probability)}", "", *_answer(asked))
    if cluster.templates:
        yield from ("", "### Templates")
        for template in cluster.templates:
            yield from _template(template)
    for title, groups in cluster_facts(cluster).items():
        yield from ("", f"### {title}", "", *map(_facts, groups))
    if cluster.benign_explanations:
        yield from ("", "### Innocent explanations", "")
        for other in judgement.explanations(cluster):
            yield f"- **{other.verdict}** · {prose(other.explanation, VALUE)} – {prose(other.reason)}"
    accounts = ", ".join(code(account, 80) for account in cluster.account_ids[:ACCOUNTS])
    yield from ("", "### Accounts", "", accounts + _more(len(cluster.account_ids), ACCOUNTS))


def _answer(asked: Judgement) -> Iterator[str]:
    if asked.weights:
        weights = ", ".join(f"{prose(w.label, VALUE)} {bits(w.bits)}" for w in asked.weights)
        yield from (f"Bits: {weights}; sum {bits(asked.bits)}", "")
    for item in asked.evidence:
        yield f"- {item.family} {bits(item.bits)}: {prose(item.summary)} ({code(item.detector)})"
    if not asked.evidence:
        yield "No evidence either way."


def _template(template: Template) -> Iterator[str]:
    users = f"{counted(template.accounts, 'account')}, {number(template.accounts_outside)} outside"
    yield from ("", f"{template.where.replace('_', ' ')}, {users}, {_share(template.coverage)} of requests:")
    skeleton = clip(template.skeleton, SKELETON)
    fence = _fence(skeleton, 3)
    yield from ("", f"{fence}text", skeleton, fence)


def _facts(group: FactGroup) -> str:
    known = [(code(fact.value), fact.phrase()) for fact in group.facts[:VALUES]]
    shown = ", ".join(f"{value} ({prose(phrase)})" if phrase else value for value, phrase in known)
    return f"- {paragraph(group.name, VALUE)}: {shown}{_more(group.distinct, VALUES)}"


def _more(n: int, shown: int) -> str:
    return f" and {number(n - shown)} more" if n > shown else ""


def _checked(result: Result) -> Iterator[str]:
    yield from ("", "## What was checked", "")
    for run in result.detectors:
        yield f"- {code(run.name)} {prose(run.version, VALUE)}: {_outcome(run)}"
    if not result.detectors:
        yield "- no detector was chosen"
    if result.rejected.rows:
        yield from ("", f"## {counted(result.rejected.rows, 'row')} not used", "")
        for reason, rows in sorted(result.rejected.reasons.items(), key=lambda item: (-item[1], item[0])):
            yield f"- {number(rows)}: {prose(visible(reason))}"
    if result.limitations:
        yield from ("", "## Limitations", "")
        yield from (f"- {paragraph(line)}" for line in result.limitations)
    if result.columns:
        yield from ("", "## What was read", "", "| column | used for | shown |", "|---|---|---|")
        for column in result.columns:
            yield _table_row(code(column.name), prose(column.used_for), column.shown)


def _outcome(run: DetectorRun) -> str:
    if run.status == "ok":
        return prose(run.summary)
    return {"skipped": "**not checked**", "error": "**failed**"}[run.status] + f": {prose(run.reason)}"
