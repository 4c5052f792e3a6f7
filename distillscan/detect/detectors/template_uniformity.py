"""Prompts that share a skeleton: how much of an account's traffic it covers, and how rare it is elsewhere."""

import numpy as np
import polars as pl

from distillscan.detect.base import Candidate, Finding, percent
from distillscan.detect.stats import group_bits, saturate
from distillscan.detect.templates import Templates, mine
from distillscan.parameters import TemplateUniformity
from distillscan.population.accounts import PROMPTS, Mask, Population, memoized
from distillscan.population.graph import SIGNALS
from distillscan.result import Family


def _texts(population: Population) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All sampled texts (``text``, ``sketch``, ``tokens``) and who holds them where; system prompts by tokens alone.

    Prompts and system prompts are mined together: the same instruction may stand in either.
    """
    profile = population.profile
    prompts = profile.prompts.select("account", pl.col("prompt").alias("text"), "sketch", "tokens", "bytes")
    systems = profile.systems.select("system_prompt", pl.col("normal").alias("text"), "sketch", "tokens", "bytes")
    links = population.links("system_prompt").select("account", pl.col("entity").alias("system_prompt"))
    named = links.join(systems.select("system_prompt", "text"), on="system_prompt").select("account", "text").unique()
    columns = ["text", "sketch", "tokens", "bytes"]
    texts = pl.concat([prompts.select(columns), systems.select(columns)])
    holders = pl.concat(
        [
            prompts.select("account", "text", pl.lit("prompt").alias("where")),
            named.select("account", "text", pl.lit("system_prompt").alias("where")),
        ]
    )
    # System prompts that differ in digits and case only have the same shingles; the longest keeps most of them.
    return texts.sort("text", "bytes", descending=[False, True]).unique(
        "text", keep="first", maintain_order=True
    ), holders


def _templates(population: Population, p: TemplateUniformity) -> Templates:
    texts, holders = _texts(population)
    return mine(texts.select("text", "sketch"), holders, p)


def _whole_systems(population: Population, p: TemplateUniformity) -> Templates:
    """System prompts that several accounts use as they are, and that are no instance of a template."""
    texts, holders = _texts(population)
    mined_already = mined(population, "template", p).matches.select("text")
    whole = (
        holders.filter(pl.col("where") == "system_prompt")
        .join(texts.filter(pl.col("tokens") >= p.min_system_tokens).select("text"), on="text", how="semi")
        .join(mined_already, on="text", how="anti")
        .with_columns(pl.col("text").alias("template"))
    )
    shared = whole.filter(pl.len().over("template") >= p.min_accounts)
    uses = shared.select(
        "account", "template", "where", pl.lit(1, pl.UInt32).alias("texts"), pl.lit(1.0).alias("coverage")
    )
    none = pl.Schema({"template": pl.UInt64(), "shingle": pl.UInt64()}).to_frame()
    return Templates(none, shared.select("text", "template").unique(), uses)


_MINERS = {"template": _templates, "system_template": _whole_systems}


@memoized
def mined(population: Population, kind: str, p: TemplateUniformity) -> Templates:
    """Return the templates of a kind in this population, mined the first time they are asked for."""
    return _MINERS[kind](population, p)


class Detector:
    """Prompts and system prompts that share a skeleton, by containment."""

    name = "template_uniformity"
    version = "2"
    summary = "prompts that share a skeleton with variable slots, over accounts that should not know it"
    family: Family = "content"
    needs = ("prompt|system_prompt",)
    parameters = TemplateUniformity()

    def signals(self, population: Population, parameters: TemplateUniformity) -> pl.DataFrame:
        """Return a token for every template that covers enough of an account's sampled prompts."""
        parts = []
        for kind in _MINERS:
            uses = mined(population, kind, parameters).uses
            parts.append(
                # Half a case is taken off: one prompt of four is no habit yet.
                uses.with_columns(pl.col("coverage") * (1 - 0.5 / pl.col("texts")))
                .filter(pl.col("coverage") >= parameters.coverage)
                .group_by("account", pl.col("template").alias("token"))
                .agg(pl.col("coverage").max().clip(0, 1).alias("strength"))
                .select("account", pl.lit(kind).alias("kind"), "token", "strength")
            )
        return pl.concat(part.cast(SIGNALS) for part in parts).sort("kind", "account", "token")

    def assess(self, candidate: Candidate, parameters: TemplateUniformity) -> list[Finding]:
        """Weigh the characteristic templates: carriers inside against comparable accounts; then their coverage."""
        findings = []
        for kind, where in (("template", "texts"), ("system_template", "system prompts")):
            tokens = candidate.characteristic(kind)
            if tokens.size == 0:
                continue
            graph, population = candidate.graph, candidate.population
            carriers = graph.habitual_carriers(kind, tokens)
            known = population.states("system_prompt")
            known = known if kind == "system_template" else known | population.states(PROMPTS)
            trials = int(np.count_nonzero(known[candidate.members]))
            inside = int(np.count_nonzero(carriers[candidate.members]))
            others, basis = comparable(candidate, known, parameters.comparable, parameters.main_client)
            outside = float(np.count_nonzero(carriers & others) + 0.5) / (np.count_nonzero(others) + 1)
            bits = group_bits(inside, trials, candidate.members.size, outside, parameters.cap)
            coverage = typical_coverage(candidate, kind, candidate.graph.tokens(kind)[tokens], parameters)
            numbers = {
                "members_using": inside,
                "members_with_text": trials,
                "templates": int(tokens.size),
                "rate_outside": outside,
                "compared_with": basis,
                "median_coverage": coverage,
            }
            text = (
                f"{percent(inside / max(1, trials))} of the members send {where} built on "
                f"{'one skeleton' if tokens.size == 1 else f'{tokens.size} skeletons'} "
                f"that {percent(outside)} of {basis} use"
            )
            findings.append(Finding("content", "coordination", bits, text, numbers))
            if kind == "template":
                findings.append(_automation(coverage, bits, inside, parameters))
        return findings


def _automation(coverage: float, bits: float, inside: int, p: TemplateUniformity) -> Finding:
    """Traffic that is mostly one skeleton is a machine's; one few others have makes it a harvest rather than an app."""
    weight = saturate(
        p.automation_slope * p.automation_cap * coverage * min(1.0, bits / p.automation_full), p.automation_cap
    )
    text = f"the skeletons cover {percent(coverage)} of the typical member's sampled prompts"
    return Finding(
        "content", "extraction", weight, text, {"specific": False, "median_coverage": coverage, "members_using": inside}
    )


def typical_coverage(
    candidate: Candidate, kind: str, templates: "np.ndarray[tuple[int], np.dtype[np.uint64]]", p: TemplateUniformity
) -> float:
    """Return the median, over members that use any of the templates, of the share of their prompts these cover."""
    names = pl.Series(templates).implode()
    uses = mined(candidate.population, kind, p).uses.filter(pl.col("template").is_in(names))
    best = uses.group_by("account", "template").agg(pl.col("coverage").max())
    covered = best.group_by("account").agg(pl.col("coverage").sum().clip(0, 1))
    of_members = covered.filter(pl.Series(candidate.mask[candidate.population.numbers(covered["account"])]))
    return float(of_members["coverage"].median() or 0.0)  # type: ignore[arg-type]


def comparable(candidate: Candidate, known: Mask, enough: int, share: float) -> tuple[Mask, str]:
    """Return the accounts outside to compare with: users of the client that a share of the members have, else all.

    All others it is as well if fewer than ``enough`` of these users are outside.
    """
    population = candidate.population
    others = known & ~candidate.mask
    clients, counts = np.unique(population.client[candidate.members], return_counts=True)
    main = clients[np.argmax(counts)]
    if main != 0 and counts.max() >= share * candidate.members.size:
        same = others & (population.client == main)
        if np.count_nonzero(same) >= enough:
            return same, "other users of the same client"
    return others, "all other accounts"
