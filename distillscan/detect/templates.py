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


def _sorted_relation(sizes: Ints, columns: Ints, width: int) -> Any:
    """The same of columns that are sorted by row and distinct in each, given how many columns each row has."""
    cells = (np.ones(columns.size, np.int32), columns, np.append(0, np.cumsum(sizes)))
    return sparse.csr_array(cells, shape=(sizes.size, width))


def _common_shingles(texts: pl.DataFrame, min_prompts: int) -> tuple[Hashes, Any]:
    """The shingles in enough texts (``number``, ``sketch``), sorted; and shingles by texts."""
    ordered = np.sort(texts["sketch"].explode().drop_nulls().to_numpy())
    # A shingle is in enough texts if it stands once more so many places further on.
    first = ordered[: max(0, ordered.size - min_prompts + 1)]
    often = first[first == ordered[min_prompts - 1 :]]
    shingles = often[runs(often)[0]]
    known = pl.DataFrame({"sketch": shingles, "shingle": np.arange(shingles.size) << 32})
    # Shingle and text make one number: numbers are sorted much faster than pairs.
    pairs = [np.zeros(0, np.int64)]
    for block in texts.select("number", "sketch").iter_slices(_BLOCK):
        found = block.explode("sketch").join(known, on="sketch")
        pairs.append(found.select(pl.col("shingle") + pl.col("number")).to_series().to_numpy())
    pair = np.sort(np.concatenate(pairs))
    sizes = np.bincount(pair >> 32, minlength=shingles.size)
    return shingles, _sorted_relation(sizes, (pair & 0xFFFFFFFF).astype(np.int32), texts.height)


def _shared(held_by: Any, held: Any, min_accounts: int) -> Ints:
    """The shingles (of shingles by texts) that enough accounts have (of texts by accounts)."""
    # Of most shingles one holder of each text, numbered from 1, is enough to tell.
    some = np.zeros(held.shape[0], np.int64)
    some[np.repeat(np.arange(some.size), np.diff(held.indptr))] = held.indices + 1
    shingle = np.repeat(np.arange(held_by.shape[0]), np.diff(held_by.indptr))
    pair = np.sort((shingle << 32) + some[held_by.indices])
    distinct = pair[runs(pair)[0]]
    counts = np.bincount(distinct[(distinct & 0xFFFFFFFF) > 0] >> 32, minlength=held_by.shape[0])
    few = np.flatnonzero(counts < min_accounts)
    counts[few] = np.diff((held_by[few] @ held).indptr)
    return np.flatnonzero(counts >= min_accounts)


def _components(held_by: Any) -> tuple[Ints, Ints]:
    """Join shingles that occur together: those of components that are large enough, with the smallest of theirs."""
    found = np.diff(held_by.indptr)
    sizes = np.minimum(found, _COMPARED)
    # Texts are in the order of their hashes: compared are the first of each shingle.
    compared = np.repeat(held_by.indptr[:-1] - (np.cumsum(sizes) - sizes), sizes) + np.arange(sizes.sum())
    texts = _sorted_relation(sizes, held_by.indices[compared], held_by.shape[1])
    graph, enough = texts @ texts.T, np.ceil(_TOGETHER * sizes).astype(np.int32)
    graph.data *= graph.data >= np.maximum(np.repeat(enough, np.diff(graph.indptr)), enough[graph.indices])
    graph.eliminate_zeros()
    _, part = csgraph.connected_components(graph, directed=False)
    members = np.flatnonzero(np.bincount(part)[part] >= _MIN_SHINGLES)
    return members, np.unique(part, return_index=True)[1][part[members]]


def _instances(kept: Any) -> Any:
    """Templates by texts: which are instances, given how many shingles of the template a text has."""
    starts, sizes = kept.indptr[:-1], np.diff(kept.indptr)
    template = np.repeat(np.arange(sizes.size), sizes)
    counts = kept.data[np.lexsort((kept.data, template))]
    # What a text of the template typically keeps: long templates give more shingles than one sketch has room for.
    median = (counts[starts + (sizes - 1) // 2] + counts[starts + sizes // 2]) / 2
    enough = kept.data >= np.maximum(2.0, median * _MATCH_SHARE)[template]
    return _relation(template[enough], kept.indices[enough], kept.shape)


def mine(texts: pl.DataFrame, holders: pl.DataFrame, min_accounts: int, min_prompts: int) -> MinedTemplates:
    """Find the templates among sketched texts.

    Args:
        texts: ``text`` (UInt64, distinct), ``sketch`` (List(UInt64), distinct).
        holders: ``account``, ``text``, ``where``: which account has which text in its sample, and in which column.
        min_accounts: Accounts on a shingle below which it is part of no template.
        min_prompts: Distinct texts with a shingle below which it is part of no template.
    """
    names, numbers = np.unique(texts["text"].to_numpy(), return_inverse=True)
    texts = texts.with_columns(pl.Series("number", numbers, dtype=pl.Int64))
    accounts = holders["account"].unique().sort().to_numpy()
    account = np.searchsorted(accounts, holders["account"].to_numpy())
    number = holders.join(texts.select("text", "number"), on="text", how="left", maintain_order="left")["number"]
    known, text = number.is_not_null().to_numpy(), number.fill_null(0).to_numpy()

    def held(chosen: Mask) -> Any:
        """Texts by accounts, of the chosen holders."""
        return _relation(text[chosen & known], account[chosen & known], (names.size, accounts.size))

    shingles, held_by = _common_shingles(texts, max(1, min_prompts))
    shared = _shared(held_by, held(known), min_accounts)
    shingles, held_by = shingles[shared], held_by[shared]
    members, smallest = _components(held_by)
    # A template is named by its smallest shingle: the same name whatever the order, and while it keeps its core.
    roots, template = np.unique(smallest, return_inverse=True)
    templates = shingles[roots]
    instances = _instances(_relation(template, members, (roots.size, shingles.size)) @ held_by)
    uses = [_USES.to_frame()]
    for where in holders["where"].unique().sort():
        chosen = (holders["where"] == where).to_numpy()
        found, sampled = (instances @ held(chosen)).T.tocsr().tocoo(), np.bincount(account[chosen])
        use = {"account": accounts[found.row], "template": templates[found.col], "where": where, "texts": found.data}
        uses.append(pl.DataFrame({**use, "coverage": found.data / sampled[found.row]}, schema_overrides=_USES))
    at = instances.tocoo()
    return MinedTemplates(
        shingles=pl.DataFrame({"template": templates[template], "shingle": shingles[members]}),
        matches=pl.DataFrame({"text": names[at.col], "template": templates[at.row]}),
        uses=pl.concat(uses),
    )
