"""Describe a scored candidate as it stands in the report: accounts, times, templates, models and infrastructure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from distillscan.detect.base import Candidate
from distillscan.detect.detectors.extraction_intent import capability_shares
from distillscan.detect.detectors.template_uniformity import TemplateUniformityParameters, mined, typical_coverage
from distillscan.report.skeleton import SLOT
from distillscan.result import FAMILIES, Cluster, Template
from distillscan.score import ScoredCluster

#: Templates of a cluster in the report, most used first; entities of a kind; texts that make a skeleton.
TEMPLATES_SHOWN = 3
VALUES_SHOWN = 8
TEXTS_COMPARED = 9

_INFRASTRUCTURE = ("ip", "ip_prefix", "asn", "tls", "user_agent", "payment", "device", "email_domain", "country")


def moment(value: datetime | None) -> str:
    """Return a time as ISO 8601 in UTC, empty for none."""
    return "" if value is None else value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _members(candidate: Candidate) -> pl.DataFrame:
    accounts: pl.DataFrame = candidate.population.profile.accounts[candidate.members.tolist()]
    return accounts


def cluster_templates(scored: ScoredCluster, p: TemplateUniformityParameters) -> list[tuple[str, Template]]:
    """Return the templates that mark a cluster (kind, description without skeleton), most members first."""
    found = []
    candidate, graph = scored.candidate, scored.candidate.graph
    for kind in ("template", "system_template"):
        tokens = candidate.characteristic(kind)
        if tokens.size == 0:
            continue
        inside = graph.carriers_among(kind, candidate.members)[tokens]
        total, names = graph.carriers_per_token(kind)[tokens], graph.tokens(kind)[tokens]
        for k in np.lexsort((names, -inside))[:TEMPLATES_SHOWN]:
            template = Template(
                template_id=f"{int(names[k]):016x}",
                skeleton=SLOT,
                where="system_prompt" if _mainly_system(candidate, kind, int(names[k]), p) else "prompt",
                accounts=int(inside[k]),
                coverage=round(typical_coverage(candidate, kind, names[k : k + 1], p), 4),
                accounts_outside=int(total[k] - inside[k]),
            )
            found.append((kind, template))
    found.sort(key=lambda item: (-item[1].accounts, item[1].template_id))
    return found[:TEMPLATES_SHOWN]


def _mainly_system(candidate: Candidate, kind: str, token: int, p: TemplateUniformityParameters) -> bool:
    """Whether most members have the template in their system prompt."""
    uses = mined(candidate.population, kind, p).uses.filter(pl.col("template") == token)
    places = uses.join(_members(candidate), on="account", how="semi")["where"]
    return 2 * int((places == "system_prompt").sum()) > places.len()


def exemplars(
    scored: ScoredCluster, kind: str, template: Template, p: TemplateUniformityParameters, most: int = TEXTS_COMPARED
) -> pl.DataFrame:
    """Return texts of a template, each of another member: ``account``, ``raw``, ``pointer``; by smallest hash.

    At most ``most``. Which texts are chosen depends on their content only, not on where they stand in the input.
    """
    population = scored.candidate.population
    matches = mined(population, kind, p).matches.filter(pl.col("template") == int(template.template_id, 16))
    if template.where == "prompt":
        prompts = population.rows_of("prompts", scored.candidate.members)
        held = prompts.select("account", "pointer", raw="prompt", text="prompt")
    else:
        links = population.rows_of("links", scored.candidate.members).filter(pl.col("kind") == "system_prompt")
        systems = population.profile.systems.select("pointer", raw="system_prompt", text="normal")
        held = links.select("account", raw="entity").join(systems, on="raw")
    return (
        held.join(matches, on="text", how="semi")
        .sort("raw", "account")
        .unique("account", keep="first", maintain_order=True)
        .head(most)
        .select("account", "raw", "pointer")
    )


def _infrastructure(candidate: Candidate) -> dict[str, Any]:
    population, links = candidate.population, candidate.population.rows_of("links", candidate.members)
    found: dict[str, Any] = {}
    for kind in _INFRASTRUCTURE:
        used = (
            links.filter(pl.col("kind") == kind)
            .group_by("entity")
            .agg(pl.col("requests").sum(), accounts=pl.len())
            .sort(["accounts", "requests", "entity"], descending=[True, True, False])
        )
        if used.is_empty():
            continue
        top = used.head(VALUES_SHOWN)
        values = pl.Series("value", population.values(kind, top["entity"].to_list()))
        everyone = pl.Series(population.count_carriers(kind, top["entity"].to_numpy()))
        shown = top.select(values, "accounts", "requests", accounts_outside=everyone - pl.col("accounts"))
        found[kind] = {"distinct": used.height, "top": shown.to_dicts()}
    return found


def _capabilities(candidate: Candidate, activity: pl.DataFrame, members: pl.DataFrame) -> dict[str, Any]:
    models = (
        activity.group_by("model")
        .agg(pl.col("requests").sum())
        .join(candidate.population.profile.models, on="model", how="left")
        .select(pl.col("name").fill_null("(not stated)"), "requests")
        .sort(["requests", "name"], descending=[True, False])
    )
    total = max(1, int(models["requests"].sum()))
    return {
        "models": [
            {"model": name, "requests": requests, "share": round(requests / total, 4)}
            for name, requests in models.iter_rows()
        ],
        "tasks": {name: round(share, 4) for name, share in capability_shares(candidate).items()},
        "input_tokens": int(members["input_tokens"].sum()),
        "output_tokens": int(members["output_tokens"].sum()),
    }


def _timeline(activity: pl.DataFrame) -> tuple[Mapping[str, Any], ...]:
    day = (pl.col("hour") // 24).cast(pl.Date).dt.to_string("%Y-%m-%d").alias("date")
    counts = activity.group_by(day).agg(pl.col("requests").sum(), pl.col("account").n_unique().alias("accounts"))
    return tuple(counts.sort("date").to_dicts())


def _summary(scored: ScoredCluster, members: pl.DataFrame) -> str:
    """What links the accounts, the strongest finding and how much they send, in one sentence."""
    telling = [e for e in scored.evidence if e.axis == "coordination" and e.bits >= 1]
    linked = "only weak evidence links them"
    if telling:
        *others, last = (family for family in FAMILIES if any(e.family == family for e in telling))
        families = f"{', '.join(others)} and {last}" if others else last
        linked = f"linked by {families} evidence: {max(telling, key=lambda e: (e.bits, e.summary)).summary}"
    days = (members["last"] - members["first"]).dt.total_seconds().to_numpy() / 86_400
    return f"{linked}; {scored.requests / np.maximum(days, 1.0).sum():.3g} requests per account per day"


def describe(scored: ScoredCluster, rank: int, templates: tuple[Template, ...]) -> Cluster:
    """Return the cluster as the report shows it."""
    candidate = scored.candidate
    members = _members(candidate)
    activity = candidate.population.rows_of("activity", candidate.members)
    return Cluster(
        cluster_id=scored.cluster_id,
        rank=rank,
        severity=scored.severity,
        score=scored.probabilities.score,
        coordination=scored.probabilities.coordination,
        extraction=scored.probabilities.extraction,
        summary=_summary(scored, members),
        accounts=int(candidate.members.size),
        account_ids=tuple(sorted(members["account_id"])),
        requests=scored.requests,
        first_seen=moment(members["first"].min()),  # type: ignore[arg-type]
        last_seen=moment(members["last"].max()),  # type: ignore[arg-type]
        weights=scored.probabilities.weights,
        evidence=tuple(sorted(scored.evidence, key=lambda e: (-abs(e.bits), e.detector, e.summary))),
        templates=templates,
        capabilities=_capabilities(candidate, activity, members),
        infrastructure=_infrastructure(candidate),
        timeline=_timeline(activity),
        benign_explanations=scored.explanations,
    )
