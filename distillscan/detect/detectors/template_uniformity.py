"""Prompts that share a skeleton: how much of an account's traffic it covers, and how rare it is elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from scipy import sparse

from distillscan.detect.base import Candidate, Detector, Finding, percent
from distillscan.detect.claims import Claim
from distillscan.detect.templates import MinedTemplates, mine
from distillscan.population.accounts import PROMPTS, Hashes, Mask, Population, memoized
from distillscan.population.kinds import WORDING, Kind
from distillscan.population.stats import saturate
from distillscan.settings import threshold

_AUTOMATION_SLOPE: Final = 1.5  #: times automation_cap that full coverage weighs if not saturated
_AUTOMATION_FULL: Final = 6.0  #: bits of the skeleton from which its coverage weighs in full
_MIN_SYSTEM_TOKENS: Final = 12  #: words from which a system prompt used unchanged is telling


@dataclass(frozen=True)
class TemplateUniformityParameters:
    """Parameters of ``template_uniformity``."""

    min_accounts: int = threshold(4, "accounts", "on a shingle below which it is part of no template")
    min_prompts: int = threshold(6, "prompts", "that differ in a template: a text that is repeated is none")
    coverage: float = threshold(0.03, "share", "of sampled prompts from which an account carries a template")
    cap: float = threshold(8.0, "bits", "at most: applications with a fixed prompt are the innocent cause")
    automation_cap: float = threshold(4.0, "bits", "at most for harvesting: an application covers its users too")


@memoized
def _texts(population: Population) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All sampled texts (``text``, ``sketch``, ``tokens``) and who holds them where.

    Prompts and system prompts are mined together: the same instruction may stand in either. System prompts go by
    their tokens alone.
    """
    columns = ["text", "sketch", "tokens", "bytes"]
    prompts = population.profile.prompts.rename({"prompt": "text"}).select("account", *columns)
    systems = population.profile.systems.rename({"normal": "text"}).select("system_prompt", *columns)
    links = population.links("system_prompt").select("account", system_prompt="entity")
    named = links.join(systems, on="system_prompt").select("account", "text").unique()
    where = {"prompt": prompts.select("account", "text"), "system_prompt": named}
    holders = pl.concat(held.with_columns(pl.lit(name).alias("where")) for name, held in where.items())
    # System prompts that differ in digits and case only have the same shingles; the longest keeps most of them.
    texts = pl.concat([prompts.select(columns), systems.sort("bytes", descending=True).select(columns)])
    return texts.filter(pl.col("text").is_first_distinct()), holders


@memoized
def mined(population: Population, kind: str, p: TemplateUniformityParameters) -> MinedTemplates:
    """Return the templates of a kind in this population.

    Those of the kind ``system_template`` are system prompts that several accounts use as they are, and that are no
    instance of a ``template``.
    """
    texts, holders = _texts(population)
    if kind == "template":
        return mine(texts, holders, p.min_accounts, p.min_prompts)
    templates = mined(population, "template", p)
    whole = (
        holders.filter(pl.col("where") == "system_prompt")
        .join(texts.filter(pl.col("tokens") >= _MIN_SYSTEM_TOKENS), on="text", how="semi")
        .join(templates.matches, on="text", how="anti")
        .filter(pl.len().over("text") >= p.min_accounts)
        .with_columns(template="text", texts=pl.lit(1, pl.UInt32), coverage=pl.lit(1.0))
        .sort("account", "template")
    )
    matches = whole.select("text", "template").unique()
    return MinedTemplates(templates.shingles.clear(), matches, whole.select(templates.uses.columns))


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
        parts = []
        for kind in ("template", "system_template"):
            uses = mined(population, kind, parameters).uses
            parts.append(
                # Half a case is taken off: one prompt of four is no habit yet.
                uses.with_columns(pl.col("coverage") * (1 - 0.5 / pl.col("texts")))
                .filter(pl.col("coverage") >= parameters.coverage)
                .group_by("account", pl.col("template").alias("token"), maintain_order=True)
                .agg(pl.col("coverage").max().clip(0, 1).alias("strength"))
                .select("account", pl.lit(kind).alias("kind"), "token", "strength")
            )
        return pl.concat(parts)

    def assess(self, candidate: Candidate, parameters: TemplateUniformityParameters) -> list[Finding]:
        with_text, stating = (candidate.population.states("system_prompt", *more) for more in ((PROMPTS,), ()))
        return [
            *_wording(candidate, "template", with_text, parameters),
            *_wording(candidate, "system_template", stating, parameters),
        ]


def _wording(candidate: Candidate, kind: str, observable: Mask, p: TemplateUniformityParameters) -> Iterator[Finding]:
    """The templates of one kind, and of those of prompts how much of the traffic they cover."""
    columns = candidate.characteristic(kind)
    if columns.size == 0:
        return
    carriers = candidate.graph.habitual_carriers(kind, columns)
    compared = candidate.compare_with_peers(carriers, observable)
    bits = compared.group_bits(p.cap)
    coverage = typical_coverage(candidate, kind, candidate.graph.tokens(kind)[columns], p)
    details = {
        **compared.details("members_using", "members_with_text"),
        "templates": columns.size,
        "compared_with": compared.others_name,
        "median_coverage": coverage,
    }
    texts = "texts" if kind == "template" else "system prompts"
    skeletons = "one skeleton" if columns.size == 1 else f"{columns.size} skeletons"
    using = percent(compared.shown / max(1, compared.observable))
    summary = f"{using} of the members send {texts} built on {skeletons} that {compared.usual} use"
    yield Finding(Claim.WORDING, "content", "coordination", bits, summary, details)
    if kind == "template":
        yield _automation(coverage, bits, compared.shown, p)


def _automation(coverage: float, bits: float, members: int, p: TemplateUniformityParameters) -> Finding:
    """Traffic that is mostly one skeleton is a machine's; one few others have makes it a harvest rather than an app."""
    full = _AUTOMATION_SLOPE * p.automation_cap * coverage * min(1.0, bits / _AUTOMATION_FULL)
    weight = saturate(full, p.automation_cap)
    summary = f"the skeletons cover {percent(coverage)} of the typical member's sampled prompts"
    details = {"median_coverage": coverage, "members_using": members}
    return Finding(Claim.COVERAGE, "content", "extraction", weight, summary, details, specific=False)


def typical_coverage(candidate: Candidate, kind: str, templates: Hashes, p: TemplateUniformityParameters) -> float:
    """Return the median, over members that use any of the templates, of the share of their prompts these cover."""
    names, coverage = _coverage(candidate.population, kind, p)
    columns = np.searchsorted(names, templates)
    columns = columns[np.append(names, 0)[columns] == templates]
    covered = np.minimum(1.0, coverage[candidate.members][:, columns].sum(axis=1))
    return float(np.median(covered[covered > 0])) if np.any(covered > 0) else 0.0


@memoized
def _coverage(population: Population, kind: str, p: TemplateUniformityParameters) -> tuple[Hashes, Any]:
    """The templates of a kind, and the share of each account's prompts (or system prompts) that each covers (CSR)."""
    uses = mined(population, kind, p).uses.group_by("account", "template").agg(pl.col("coverage").max())
    names, columns = np.unique(uses["template"].to_numpy(), return_inverse=True)
    cells = (uses["coverage"].to_numpy(), (population.numbers(uses["account"]), columns))
    return names, sparse.csr_array(cells, shape=(population.size, names.size))
