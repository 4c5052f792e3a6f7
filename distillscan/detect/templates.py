"""Mine prompt templates from the sketches in a profile: sets of shingles that travel together over many prompts.

A template is found by containment, never by the likeness of whole prompts: its shingles are shared by prompts that
have little else in common, wherever in the prompt they stand. Steps: keep shingles on several accounts and in several
distinct prompts; join shingles that occur in the same prompts; call a component of enough shingles a template.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse
from scipy.sparse import csgraph

from distillscan.settings import threshold

#: Prompts per shingle (those with the smallest hash) on which two shingles are compared.
_COMPARED = 64
_SHINGLES = pl.Schema({"template": pl.UInt64(), "shingle": pl.UInt64()})
_MATCHES = pl.Schema({"text": pl.UInt64(), "template": pl.UInt64()})
_USES = pl.Schema(
    {
        "account": pl.UInt64(),
        "template": pl.UInt64(),
        "where": pl.String(),
        "texts": pl.UInt32(),
        "coverage": pl.Float64(),
    }
)


@dataclass(frozen=True)
class TemplateParameters:
    """When shingles make a template, and when a text is an instance of it."""

    min_accounts: int = threshold(4, "accounts", "on a shingle below which it is part of no template")
    min_prompts: int = threshold(6, "prompts", "that differ in a template: a text that is repeated is none")
    together: float = threshold(0.35, "share", "of the commoner's prompts that hold both, to join two shingles")
    min_shingles: int = threshold(2, "shingles", "in a template at least: one is a common phrase")
    match_share: float = threshold(0.25, "share", "of a template's shingles (two at least) that a user's has")


@dataclass(frozen=True, slots=True)
class MinedTemplates:
    """Templates and who uses them.

    Attributes:
        shingles: ``template``, ``shingle`` (both UInt64): what makes up a template.
        matches: ``text``, ``template``: which sampled texts are instances of it.
        uses: ``account``, ``template``, ``where`` (``prompt`` or ``system_prompt``), ``texts`` (sampled texts of the
            account that are instances), ``coverage`` (their share of the account's sampled texts there).
    """

    shingles: pl.DataFrame
    matches: pl.DataFrame
    uses: pl.DataFrame


def _shared_shingles(texts: pl.DataFrame, holders: pl.DataFrame, p: TemplateParameters) -> pl.DataFrame:
    """``text``, ``shingle`` for shingles in enough distinct texts and on enough accounts."""
    pairs = texts.select("text", pl.col("sketch").alias("shingle")).explode("shingle").drop_nulls()
    common = pairs.group_by("shingle").len().filter(pl.col("len") >= p.min_prompts)
    pairs = pairs.join(common.select("shingle"), on="shingle", how="semi")
    spread = (
        pairs.join(holders.select("account", "text"), on="text")
        .group_by("shingle")
        .agg(pl.col("account").n_unique().alias("accounts"))
        .filter(pl.col("accounts") >= p.min_accounts)
    )
    return pairs.join(spread.select("shingle"), on="shingle", how="semi")


def _components(pairs: pl.DataFrame, p: TemplateParameters) -> pl.DataFrame:
    """``template``, ``shingle``: components of shingles that occur together."""
    compared = pairs.sort("shingle", "text").filter(pl.int_range(pl.len()).over("shingle") < _COMPARED)
    names = pairs["shingle"].unique().sort()
    sizes = compared.group_by("shingle").len().sort("shingle")["len"].to_numpy()
    row = np.searchsorted(names.to_numpy(), compared["shingle"].to_numpy())
    texts = compared["text"].unique().sort().to_numpy()
    column = np.searchsorted(texts, compared["text"].to_numpy())
    incidence = sparse.csr_array((np.ones(row.size, np.int32), (row, column)), shape=(names.len(), texts.size))
    both = (incidence @ incidence.T).tocoo()
    close = both.data >= p.together * np.maximum(sizes[both.row], sizes[both.col])
    graph = sparse.csr_array((both.data[close], (both.row[close], both.col[close])), shape=both.shape)
    _, label = csgraph.connected_components(graph, directed=False)
    parts = pl.DataFrame({"shingle": names, "part": label})
    # A template is named by its smallest shingle: the same name whatever the order, and while it keeps its core.
    return (
        parts.with_columns(pl.col("shingle").min().over("part").alias("template"), pl.len().over("part").alias("size"))
        .filter(pl.col("size") >= p.min_shingles)
        .select("template", "shingle")
        .sort("template", "shingle")
    )


def mine(texts: pl.DataFrame, holders: pl.DataFrame, p: TemplateParameters) -> MinedTemplates:
    """Find the templates among sketched texts.

    Args:
        texts: ``text`` (UInt64, distinct), ``sketch`` (List(UInt64)).
        holders: ``account``, ``text``, ``where``: which account has which text in its sample, and in which column.
        p: Thresholds.
    """
    pairs = _shared_shingles(texts, holders, p)
    if pairs.is_empty():
        return MinedTemplates(_SHINGLES.to_frame(), _MATCHES.to_frame(), _USES.to_frame())
    shingles = _components(pairs, p)
    hits = pairs.join(shingles, on="shingle").group_by("text", "template").agg(pl.len().alias("kept"))
    # What a text of the template typically keeps: long templates give more shingles than one sketch has room for.
    typical = hits.group_by("template").agg(pl.col("kept").median().alias("typical"))
    matches = (
        hits.join(typical, on="template")
        .filter(pl.col("kept") >= pl.max_horizontal(pl.lit(2.0), pl.col("typical") * p.match_share))
        .select("text", "template")
    )
    sampled = holders.group_by("account", "where").agg(pl.len().alias("sampled"))
    uses = (
        holders.join(matches, on="text")
        .group_by("account", "template", "where")
        .agg(pl.len().alias("texts"))
        .join(sampled, on=["account", "where"])
        .with_columns((pl.col("texts") / pl.col("sampled")).alias("coverage"))
        .select("account", "template", "where", "texts", "coverage")
    )
    return MinedTemplates(shingles, matches, uses)
