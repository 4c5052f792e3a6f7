"""Mine prompt templates from the sketches in a profile: sets of shingles that travel together over many prompts.

A template is found by containment, never by the likeness of whole prompts: its shingles are shared by prompts that
have little else in common, wherever in the prompt they stand. Steps: keep shingles on several accounts and in several
distinct prompts; join shingles that occur in the same prompts; call a component of enough shingles a template.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from scipy import sparse
from scipy.sparse import csgraph

_COMPARED: Final = 64  #: prompts per shingle (those with the smallest hash) on which two shingles are compared
_TOGETHER: Final = 0.35  #: share of the commoner's prompts that hold both, to join two shingles
_MIN_SHINGLES: Final = 2  #: shingles in a template at least: one is a common phrase
_MATCH_SHARE: Final = 0.25  #: share of the shingles typical for its texts (two at least) that an instance has


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


def _shared_shingles(texts: pl.DataFrame, holders: pl.DataFrame, min_accounts: int, min_prompts: int) -> pl.DataFrame:
    """``text``, ``shingle`` for shingles in enough distinct texts and on enough accounts."""
    pairs = texts.select("text", shingle="sketch").explode("shingle").drop_nulls()
    common = pairs.group_by("shingle").len().filter(pl.col("len") >= min_prompts)
    pairs = pairs.join(common, on="shingle", how="semi")
    accounts = pairs.join(holders, on="text").group_by("shingle").agg(pl.col("account").n_unique())
    return pairs.join(accounts.filter(pl.col("account") >= min_accounts), on="shingle", how="semi")


def _components(pairs: pl.DataFrame) -> pl.DataFrame:
    """``template``, ``shingle``: components of shingles that occur together."""
    if pairs.is_empty():
        return pairs.select(pl.col("shingle").alias("template"), "shingle")
    compared = pairs.sort("shingle", "text").filter(pl.int_range(pl.len()).over("shingle") < _COMPARED)
    row, column = (compared[name].rank("dense").to_numpy().astype(np.int64) - 1 for name in ("shingle", "text"))
    incidence = sparse.csr_array((np.ones(row.size, np.int32), (row, column)))
    both, sizes = (incidence @ incidence.T).tocoo(), np.bincount(row)
    close = both.data >= _TOGETHER * np.maximum(sizes[both.row], sizes[both.col])
    graph = sparse.csr_array((both.data[close], (both.row[close], both.col[close])), shape=both.shape)
    _, label = csgraph.connected_components(graph, directed=False)
    parts = pl.DataFrame({"shingle": pairs["shingle"].unique().sort(), "part": label})
    parts = parts.filter(pl.len().over("part") >= _MIN_SHINGLES)
    # A template is named by its smallest shingle: the same name whatever the order, and while it keeps its core.
    return parts.select(pl.col("shingle").min().over("part").alias("template"), "shingle")


def mine(texts: pl.DataFrame, holders: pl.DataFrame, min_accounts: int, min_prompts: int) -> MinedTemplates:
    """Find the templates among sketched texts.

    Args:
        texts: ``text`` (UInt64, distinct), ``sketch`` (List(UInt64)).
        holders: ``account``, ``text``, ``where``: which account has which text in its sample, and in which column.
        min_accounts: Accounts on a shingle below which it is part of no template.
        min_prompts: Distinct texts with a shingle below which it is part of no template.
    """
    pairs = _shared_shingles(texts, holders, min_accounts, min_prompts)
    shingles = _components(pairs)
    hits = pairs.join(shingles, on="shingle").group_by("text", "template").agg(pl.len().alias("kept"))
    # What a text of the template typically keeps: long templates give more shingles than one sketch has room for.
    enough = pl.max_horizontal(pl.lit(2.0), pl.col("kept").median().over("template") * _MATCH_SHARE)
    matches = hits.filter(pl.col("kept") >= enough).select("text", "template")
    sampled = holders.group_by("account", "where").agg(pl.len().alias("sampled"))
    uses = (
        holders.join(matches, on="text")
        .group_by("account", "template", "where")
        .agg(pl.len().alias("texts"))
        .join(sampled, on=["account", "where"])
        .select("account", "template", "where", "texts", coverage=pl.col("texts") / pl.col("sampled"))
    )
    return MinedTemplates(shingles, matches, uses)
