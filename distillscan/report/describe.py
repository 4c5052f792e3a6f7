"""Describe a scored candidate as it stands in the report: accounts, times, templates, models and infrastructure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import polars as pl

from distillscan.detect.base import Candidate
from distillscan.detect.detectors.extraction_intent import capability_shares
from distillscan.detect.detectors.template_uniformity import TemplateUniformityParameters, mined, typical_coverage
from distillscan.population.accounts import Population
from distillscan.result import FAMILIES, Cluster, Evidence, Template
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
    candidate = scored.candidate
    for kind in ("template", "system_template"):
        tokens = candidate.characteristic(kind)
        if tokens.size == 0:
            continue
        inside = candidate.graph.carriers_among(kind, candidate.members)[tokens]
        total = candidate.graph.carriers_per_token(kind)[tokens]
        names = candidate.graph.tokens(kind)[tokens]
        for k in np.lexsort((names, -inside))[:TEMPLATES_SHOWN]:
            template = Template(
                template_id=f"{int(names[k]):016x}",
                skeleton="{...}",
                where=_where(candidate, kind, int(names[k]), p),
                accounts=int(inside[k]),
                coverage=round(typical_coverage(candidate, kind, names[k : k + 1], p), 4),
                accounts_outside=int(total[k] - inside[k]),
            )
            found.append((kind, template))
    found.sort(key=lambda item: (-item[1].accounts, item[1].template_id))
    return found[:TEMPLATES_SHOWN]


def _where(
    candidate: Candidate, kind: str, token: int, p: TemplateUniformityParameters
) -> Literal["prompt", "system_prompt"]:
    """Where most members have the template."""
    members = _members(candidate).select("account")
    uses = mined(candidate.population, kind, p).uses.filter(pl.col("template") == token)
    places = uses.join(members, on="account", how="semi")["where"]
    return "system_prompt" if 2 * (places == "system_prompt").sum() > places.len() else "prompt"


def exemplars(
    scored: ScoredCluster, kind: str, template: Template, p: TemplateUniformityParameters, most: int = TEXTS_COMPARED
) -> pl.DataFrame:
    """Return texts of a template, each of another member: ``account``, ``raw``, ``pointer``; by smallest hash.

    At most ``most``. Which texts are chosen depends on their content only, not on where they stand in the input.
    """
    candidate = scored.candidate
    profile = candidate.population.profile
    members = _members(candidate).select("account")
    token = int(template.template_id, 16)
    matches = mined(candidate.population, kind, p).matches.filter(pl.col("template") == token)
    if template.where == "prompt":
        held = profile.prompts.join(members, on="account", how="semi").select(
            "account", pl.col("prompt").alias("text"), pl.col("prompt").alias("raw"), "pointer"
        )
    else:
        named = profile.systems.select(
            pl.col("system_prompt"), pl.col("normal").alias("text"), pl.col("system_prompt").alias("raw"), "pointer"
        )
        links = candidate.population.links("system_prompt").join(members, on="account", how="semi")
        held = links.select("account", pl.col("entity").alias("system_prompt")).join(named, on="system_prompt")
    return (
        held.join(matches.select("text"), on="text", how="semi")
        .sort("raw", "account")
        .unique("account", keep="first", maintain_order=True)
        .head(most)
        .select("account", "raw", "pointer")
    )


def _infrastructure(candidate: Candidate) -> dict[str, Any]:
    population = candidate.population
    found: dict[str, Any] = {}
    for kind in _INFRASTRUCTURE:
        links = population.links(kind)
        if links.is_empty():
            continue
        inside = population.mask(candidate.members)[links["number"].to_numpy()]
        mine = links.filter(pl.Series(inside))
        if mine.is_empty():
            continue
        top = (
            mine.group_by("entity")
            .agg(pl.len().alias("accounts"), pl.col("requests").sum())
            .sort(["accounts", "requests", "entity"], descending=[True, True, False])
        )
        shown = top.head(VALUES_SHOWN)
        total = links.join(shown.select("entity"), on="entity", how="semi").group_by("entity").len()
        rows = shown.join(total, on="entity", how="left", maintain_order="left")
        values = population.values(kind, rows["entity"].to_list())
        found[kind] = {
            "distinct": top.height,
            "top": [
                {"value": value, "accounts": accounts, "requests": requests, "accounts_outside": all_ - accounts}
                for value, accounts, requests, all_ in zip(
                    values, rows["accounts"], rows["requests"], rows["len"], strict=True
                )
            ],
        }
    return found


def _capabilities(candidate: Candidate, activity: pl.DataFrame, members: pl.DataFrame) -> dict[str, Any]:
    models = (
        activity.group_by("model")
        .agg(pl.col("requests").sum())
        .join(candidate.population.profile.models, on="model", how="left")
        .with_columns(pl.col("name").fill_null("(not stated)"))
        .sort(["requests", "name"], descending=[True, False])
    )
    total = max(1, int(models["requests"].sum()))
    return {
        "models": [
            {"model": name, "requests": requests, "share": round(requests / total, 4)}
            for name, requests in models.select("name", "requests").iter_rows()
        ],
        "tasks": {name: round(share, 4) for name, share in capability_shares(candidate).items()},
        "input_tokens": int(members["input_tokens"].sum()),
        "output_tokens": int(members["output_tokens"].sum()),
    }


def _timeline(activity: pl.DataFrame) -> tuple[Mapping[str, Any], ...]:
    days = (
        activity.group_by(pl.col("hour") // 24)
        .agg(pl.col("requests").sum(), pl.col("account").n_unique().alias("accounts"))
        .sort("hour")
    )
    return tuple(
        {
            "date": datetime.fromtimestamp(day * 86_400, UTC).date().isoformat(),
            "requests": requests,
            "accounts": accounts,
        }
        for day, requests, accounts in days.iter_rows()
    )


def _summary(scored: ScoredCluster, members: pl.DataFrame) -> str:
    """What ties the accounts together, the strongest reason first, in one sentence."""
    best: dict[str, Evidence] = {}
    for e in scored.evidence:
        if e.axis == "coordination" and e.bits >= 1 and (e.family not in best or e.bits > best[e.family].bits):
            best[e.family] = e
    if not best:
        return f"weak signs only, {_per_day(scored, members):.3g} requests an account and day"
    families = [family for family in FAMILIES if family in best]
    joined = " and ".join([", ".join(families[:-1]), families[-1]] if len(families) > 1 else families)
    strongest = max(best.values(), key=lambda e: (e.bits, e.summary))
    ties = "ties" if len(families) == 1 else "tie"
    return f"{joined} {ties} them: {strongest.summary}; {_per_day(scored, members):.3g} requests an account and day"


def _per_day(scored: ScoredCluster, members: pl.DataFrame) -> float:
    days = (members["last"] - members["first"]).dt.total_seconds().to_numpy() / 86_400
    return float(scored.requests / np.maximum(days, 1.0).sum())


def describe(scored: ScoredCluster, rank: int, templates: tuple[Template, ...]) -> Cluster:
    """Return the cluster as the report shows it."""
    candidate = scored.candidate
    population: Population = candidate.population
    members = _members(candidate)
    activity = population.profile.activity.join(members.select("account"), on="account", how="semi")
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
