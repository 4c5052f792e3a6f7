"""Prompts that share a skeleton: how much of an account's traffic it covers, and how rare it is elsewhere."""

from dataclasses import dataclass

import polars as pl

from distillscan.detect.base import Candidate, Detector, Finding, percent
from distillscan.detect.claims import Claim
from distillscan.detect.templates import MinedTemplates, TemplateParameters, mine
from distillscan.population.accounts import PROMPTS, Hashes, Population, memoized
from distillscan.population.kinds import WORDING, Kind
from distillscan.population.stats import saturate
from distillscan.settings import threshold


@dataclass(frozen=True)
class TemplateUniformityParameters(TemplateParameters):
    """Parameters of ``template_uniformity``."""

    coverage: float = threshold(0.03, "share", "of sampled prompts from which an account carries a template")
    min_system_tokens: int = threshold(12, "words", "from which a system prompt used unchanged is telling")
    cap: float = threshold(8.0, "bits", "at most: applications with a fixed prompt are the innocent cause")
    automation_cap: float = threshold(4.0, "bits", "at most for harvesting: an application covers its users too")
    automation_slope: float = threshold(1.5, "times", "automation_cap that full coverage weighs if not saturated")
    automation_full: float = threshold(6.0, "bits", "of the skeleton from which its coverage weighs in full")
    comparable: int = threshold(30, "accounts", "of the members' client needed to compare with them alone")
    main_client: float = threshold(0.5, "share", "of members on one client from which its users are compared")


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
    longest = texts.sort("text", "bytes", descending=[False, True]).unique("text", keep="first", maintain_order=True)
    return longest, holders


def _templates(population: Population, p: TemplateUniformityParameters) -> MinedTemplates:
    texts, holders = _texts(population)
    return mine(texts.select("text", "sketch"), holders, p)


def _whole_systems(population: Population, p: TemplateUniformityParameters) -> MinedTemplates:
    """System prompts that several accounts use as they are, and that are no instance of a template."""
    texts, holders = _texts(population)
    instances = mined(population, "template", p).matches.select("text")
    whole = (
        holders.filter(pl.col("where") == "system_prompt")
        .join(texts.filter(pl.col("tokens") >= p.min_system_tokens).select("text"), on="text", how="semi")
        .join(instances, on="text", how="anti")
        .with_columns(pl.col("text").alias("template"))
    )
    shared = whole.filter(pl.len().over("template") >= p.min_accounts)
    uses = shared.select(
        "account", "template", "where", pl.lit(1, pl.UInt32).alias("texts"), pl.lit(1.0).alias("coverage")
    )
    no_shingles = pl.Schema({"template": pl.UInt64(), "shingle": pl.UInt64()}).to_frame()
    return MinedTemplates(no_shingles, shared.select("text", "template").unique(), uses)


_MINERS = {"template": _templates, "system_template": _whole_systems}


@memoized
def mined(population: Population, kind: str, p: TemplateUniformityParameters) -> MinedTemplates:
    """Return the templates of a kind in this population."""
    return _MINERS[kind](population, p)


class TemplateUniformityDetector(Detector):
    """Prompts and system prompts that share a skeleton, by containment."""

    name = "template_uniformity"
    version = "2"
    summary = "prompts that share a skeleton with variable slots, over accounts that should not know it"
    family = "content"
    needs = ("prompt|system_prompt",)
    kinds = (
        Kind("template", WORDING, (PROMPTS,), seeding=1.0, merge_strength="strong", is_share=True, id_priority=1),
        # A system prompt used as it stands is an application's as often as an operator's.
        Kind("system_template", WORDING, ("system_prompt",), seeding=1.0, merge_strength="weak", id_priority=1),
    )
    parameters = TemplateUniformityParameters()

    def signals(self, population: Population, parameters: TemplateUniformityParameters) -> pl.DataFrame:
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
        return pl.concat(parts).sort("kind", "account", "token")

    def assess(self, candidate: Candidate, parameters: TemplateUniformityParameters) -> list[Finding]:
        """Weigh the characteristic templates: carriers inside against comparable accounts; then their coverage."""
        return [
            *_wording(candidate, "template", "texts", parameters),
            *_wording(candidate, "system_template", "system prompts", parameters),
        ]


def _wording(candidate: Candidate, kind: str, texts: str, p: TemplateUniformityParameters) -> list[Finding]:
    """The templates of one kind, and of those of prompts how much of the traffic they cover."""
    graph, population = candidate.graph, candidate.population
    columns = candidate.characteristic(kind)
    if columns.size == 0:
        return []
    observable = population.states("system_prompt")
    observable = observable if kind == "system_template" else observable | population.states(PROMPTS)
    peers = candidate.peers(observable, p.comparable, p.main_client)
    compared = candidate.compare(graph.habitual_carriers(kind, columns), observable, peers=peers)
    bits = compared.group_bits(p.cap)
    coverage = typical_coverage(candidate, kind, graph.tokens(kind)[columns], p)
    details = {
        **compared.details("members_using", "members_with_text"),
        "templates": int(columns.size),
        "compared_with": compared.others_name,
        "median_coverage": coverage,
    }
    summary = (
        f"{percent(compared.shown / max(1, compared.observable))} of the members send {texts} built on "
        f"{'one skeleton' if columns.size == 1 else f'{columns.size} skeletons'} "
        f"that {compared.usual} use"
    )
    wording = Finding(Claim.WORDING, "content", "coordination", bits, summary, details)
    return [wording, _automation(coverage, bits, compared.shown, p)] if kind == "template" else [wording]


def _automation(coverage: float, bits: float, members: int, p: TemplateUniformityParameters) -> Finding:
    """Traffic that is mostly one skeleton is a machine's; one few others have makes it a harvest rather than an app."""
    weight = saturate(
        p.automation_slope * p.automation_cap * coverage * min(1.0, bits / p.automation_full), p.automation_cap
    )
    summary = f"the skeletons cover {percent(coverage)} of the typical member's sampled prompts"
    details = {"median_coverage": coverage, "members_using": members}
    return Finding(Claim.COVERAGE, "content", "extraction", weight, summary, details, specific=False)


def typical_coverage(candidate: Candidate, kind: str, templates: Hashes, p: TemplateUniformityParameters) -> float:
    """Return the median, over members that use any of the templates, of the share of their prompts these cover."""
    names = pl.Series(templates).implode()
    uses = mined(candidate.population, kind, p).uses.filter(pl.col("template").is_in(names))
    best = uses.group_by("account", "template").agg(pl.col("coverage").max())
    covered = best.group_by("account").agg(pl.col("coverage").sum().clip(0, 1))
    of_members = covered.filter(pl.Series(candidate.mask[candidate.population.numbers(covered["account"])]))
    return float(of_members["coverage"].median() or 0.0)  # type: ignore[arg-type]
