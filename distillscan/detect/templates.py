"""Mine prompt templates from the sketches in a profile: sets of shingles that travel together over many prompts.

A template is found by containment, never by the likeness of whole prompts: its shingles are shared by prompts that
have little else in common, wherever in the prompt they stand. Steps: keep shingles on several accounts and in several
distinct prompts; join shingles that occur in the same prompts; call a component of enough shingles a template.

Texts, shingles, accounts and templates are numbered in the order of their hashes and related by sparse matrices.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from scipy import sparse
from scipy.sparse import csgraph

from distillscan.population.accounts import Hashes, Ints, Mask, runs

_COMPARED: Final = 64  #: prompts per shingle (those with the smallest hash) on which two shingles are compared
_TOGETHER: Final = 0.35  #: share of the commoner's prompts that hold both, to join two shingles
_MIN_SHINGLES: Final = 2  #: shingles in a template at least: one is a common phrase
_BLOCK: Final = 1 << 19  #: texts whose shingles are looked up at once, to save memory
_MATCH_SHARE: Final = 0.25  #: share of the shingles typical for its texts (two at least) that an instance has
_USES: Final = pl.Schema(
    {
        "account": pl.UInt64(),
        "template": pl.UInt64(),
        "where": pl.String(),
        "texts": pl.UInt32(),
        "coverage": pl.Float64(),
    }
)


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


def _relation(rows: Ints, columns: Ints, shape: tuple[int, int]) -> Any:
    """A sparse matrix that counts pairs of a row and a column."""
    return sparse.csr_array((np.ones(rows.size, np.int32), (rows, columns)), shape=shape)


def _common_shingles(texts: pl.DataFrame, min_prompts: int) -> tuple[Hashes, Any]:
    """The shingles in enough texts, sorted; and texts by shingles."""
    ordered = np.sort(texts["sketch"].explode().drop_nulls().to_numpy())
    # A shingle is in enough texts if it stands once more so many places further on.
    first = ordered[: max(0, ordered.size - min_prompts + 1)]
    often = first[first == ordered[min_prompts - 1 :]]
    shingles = often[runs(often)[0]]
    known = pl.DataFrame({"sketch": shingles, "column": np.arange(shingles.size, dtype=np.int32)})
    parts = [sparse.csr_array((0, shingles.size), dtype=np.int32)]
    for block in texts.select("sketch").iter_slices(_BLOCK):
        pairs = block.with_row_index("row").explode("sketch").join(known, on="sketch")
        parts.append(_relation(pairs["row"].to_numpy(), pairs["column"].to_numpy(), (block.height, shingles.size)))
    return shingles, sparse.vstack(parts, format="csr")


def _components(has: Any) -> tuple[Ints, Ints]:
    """Join shingles that occur together: those of components that are large enough, with the smallest of theirs."""
    by_shingle = has.tocsc()
    ends, found = by_shingle.indptr[1:], np.diff(by_shingle.indptr)
    rank, sizes = np.arange(by_shingle.nnz) - np.repeat(ends - found, found), np.minimum(found, _COMPARED)
    shingle, text = np.repeat(np.arange(sizes.size), sizes), by_shingle.indices[rank < _COMPARED]
    compared = _relation(shingle, text, by_shingle.shape[::-1])
    graph, enough = compared @ compared.T, np.ceil(_TOGETHER * sizes).astype(np.int32)
    graph.data *= graph.data >= np.maximum(np.repeat(enough, np.diff(graph.indptr)), enough[graph.indices])
    graph.eliminate_zeros()
    _, part = csgraph.connected_components(graph, directed=False)
    members = np.flatnonzero(np.bincount(part)[part] >= _MIN_SHINGLES)
    return members, np.unique(part, return_index=True)[1][part[members]]


def _instances(kept: Any) -> Any:
    """Texts by templates: which are instances, given how many shingles of the template a text has."""
    by_template = kept.tocsc()
    ends, sizes = by_template.indptr[1:], np.diff(by_template.indptr)
    template = np.repeat(np.arange(sizes.size), sizes)
    counts = by_template.data[np.lexsort((by_template.data, template))]
    # What a text of the template typically keeps: long templates give more shingles than one sketch has room for.
    median = (counts[ends - sizes + (sizes - 1) // 2] + counts[ends - sizes + sizes // 2]) / 2
    enough = by_template.data >= np.maximum(2.0, median * _MATCH_SHARE)[template]
    return _relation(by_template.indices[enough], template[enough], kept.shape)


def mine(texts: pl.DataFrame, holders: pl.DataFrame, min_accounts: int, min_prompts: int) -> MinedTemplates:
    """Find the templates among sketched texts.

    Args:
        texts: ``text`` (UInt64, distinct), ``sketch`` (List(UInt64), distinct).
        holders: ``account``, ``text``, ``where``: which account has which text in its sample, and in which column.
        min_accounts: Accounts on a shingle below which it is part of no template.
        min_prompts: Distinct texts with a shingle below which it is part of no template.
    """
    texts = texts.sort("text").with_row_index("row")
    names, accounts = texts["text"].to_numpy(), holders["account"].unique().sort().to_numpy()
    account = np.searchsorted(accounts, holders["account"].to_numpy())
    row = holders.join(texts.select("text", "row"), on="text", how="left", maintain_order="left")["row"]
    known, text = row.is_not_null().to_numpy(), row.fill_null(0).to_numpy()

    def held(chosen: Mask) -> Any:
        """Accounts by the texts of the chosen holders."""
        return _relation(account[chosen & known], text[chosen & known], (accounts.size, names.size))

    shingles, has = _common_shingles(texts, max(1, min_prompts))
    sharing = np.bincount((held(known) @ has).indices, minlength=shingles.size)
    shingles, has = shingles[sharing >= min_accounts], has[:, np.flatnonzero(sharing >= min_accounts)]
    members, smallest = _components(has)
    # A template is named by its smallest shingle: the same name whatever the order, and while it keeps its core.
    roots, template = np.unique(smallest, return_inverse=True)
    templates = shingles[roots]
    instances = _instances(has @ _relation(members, template, (shingles.size, roots.size)))
    uses = [_USES.to_frame()]
    for where in holders["where"].unique().sort():
        chosen = (holders["where"] == where).to_numpy()
        found, sampled = (held(chosen) @ instances).tocoo(), np.bincount(account[chosen])
        use = {"account": accounts[found.row], "template": templates[found.col], "where": where, "texts": found.data}
        uses.append(pl.DataFrame({**use, "coverage": found.data / sampled[found.row]}, schema_overrides=_USES))
    at = instances.tocoo()
    return MinedTemplates(
        shingles=pl.DataFrame({"template": templates[template], "shingle": shingles[members]}),
        matches=pl.DataFrame({"text": names[at.row], "template": templates[at.col]}),
        uses=pl.concat(uses),
    )
