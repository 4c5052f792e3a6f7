"""Seeds: rough sets of accounts, from communities of the account-token graph and from templates."""

import math

import graspologic_native as native
import numpy as np
from scipy import sparse

from distillscan.parameters import ClusterParameters
from distillscan.population.accounts import Ints, Mask
from distillscan.population.graph import SignalGraph
from distillscan.population.kinds import CROSSED, LINKING, WORDING


def _edges(graph: SignalGraph, kind: str, factor: float, p: ClusterParameters) -> "sparse.coo_array | None":
    """Accounts by tokens of one kind, weighted by rarity; hubs and common tokens left out."""
    if kind not in graph.kinds:
        return None
    size = graph.population.size
    carriers = graph.carriers_per_token(kind)
    bits = np.log2(size / np.maximum(carriers, 1))
    usable = (
        (carriers >= 2)
        & (carriers <= max(p.hub_share * size, p.min_accounts))
        & ((bits >= p.edge_bits) | (size < p.small_log))
    )
    weight = np.where(usable, factor * np.maximum(bits, 0.1), 0.0)
    matrix = (graph.matrix(kind) @ sparse.diags_array(weight)).tocsr()
    matrix.eliminate_zeros()
    total = np.asarray(matrix.sum(axis=1)).ravel()
    most = p.kind_bits * factor
    scale = np.where(total > most, most / np.maximum(total, 1e-12), 1.0)
    return sparse.coo_array(sparse.diags_array(scale) @ matrix)


def communities(graph: SignalGraph, p: ClusterParameters) -> list[Ints]:
    """Return communities of accounts by seeded Leiden on the bipartite graph of accounts and tokens.

    Method: Traag, Waltman and van Eck, "From Louvain to Leiden", Scientific Reports 9 (2019).
    """
    size = graph.population.size
    blocks, width = [], 0
    for kind, factor in LINKING.items():
        block = _edges(graph, kind, factor, p)
        if block is not None and block.nnz:
            blocks.append((block.row, block.col + size + width, block.data))
            width += block.shape[1]
    if not blocks:
        return []
    row = np.concatenate([b[0] for b in blocks])
    column = np.concatenate([b[1] for b in blocks])
    data = np.concatenate([b[2] for b in blocks])
    used, renumbered = np.unique(np.concatenate([row, column]), return_inverse=True)
    a, b = renumbered[: row.size], renumbered[row.size :]
    shape = (used.size, used.size)
    full = sparse.csr_array(
        (np.concatenate([data, data]), (np.concatenate([a, b]), np.concatenate([b, a]))), shape=shape
    )
    full.sum_duplicates()
    full.sort_indices()
    _, labels = native.leiden_csr(
        full.indptr.astype(np.int64),
        full.indices.astype(np.int32),
        full.data.astype(np.float64),
        int(used.size),
        resolution=p.resolution,
        seed=p.seed,
    )
    label = np.fromiter((labels[node] for node in range(used.size)), np.int64, used.size)
    accounts = used < size
    numbers, label = used[accounts], label[accounts]
    order = np.lexsort((numbers, label))
    cuts = np.flatnonzero(np.diff(label[order])) + 1
    return [part for part in np.split(numbers[order], cuts) if part.size >= p.min_accounts]


def template_sets(graph: SignalGraph, p: ClusterParameters) -> list[Ints]:
    """Return the carriers of every template: a campaign with nothing else in common, or larger than a community."""
    found: list[Ints] = []
    for kind in WORDING:
        if kind not in graph.kinds:
            continue
        counts = graph.carriers_per_token(kind)
        order = np.lexsort((graph.tokens(kind), -counts))[: p.max_candidates]
        found += [
            np.flatnonzero(graph.carriers(kind, np.array([column])))
            for column in order
            if counts[column] >= p.min_accounts
        ]
    return found


def crossed_sets(graph: SignalGraph, p: ClusterParameters, settled: Mask | None = None) -> list[Ints]:
    """Return accounts that carry two tokens of different causes far more often than the two would meet by chance.

    Accounts that are ``settled`` in clusters are left out.

    A campaign that shares no address, card or wording still signs up together, runs one program and rotates; each of
    these is too common to join anybody by itself.
    """
    found: list[Ints] = []
    free = np.ones(graph.population.size, np.bool_) if settled is None else ~settled
    size = max(1, int(np.count_nonzero(free)))
    for kind, partners in CROSSED.items():
        if kind not in graph.kinds:
            continue
        for first in _commonest(graph, kind, p):
            carriers = graph.carriers(kind, np.array([first])) & free
            found.append(np.flatnonzero(carriers))
            for partner in (one for one in partners if one in graph.kinds):
                for second in _commonest(graph, partner, p):
                    other = graph.carriers(partner, np.array([second])) & free
                    both = np.flatnonzero(carriers & other)
                    expected = float(np.count_nonzero(carriers)) * float(np.count_nonzero(other)) / size
                    if _beyond_chance(both.size, expected, p):
                        found.append(both)
    limit = p.hub_share * size
    return [numbers for numbers in found if p.min_accounts <= numbers.size <= limit]


def _beyond_chance(seen: int, expected: float, p: ClusterParameters) -> bool:
    """Whether a Poisson count of ``expected`` would hardly be ``seen``: its log likelihood ratio in bits."""
    if seen <= p.crossed_times * expected:
        return False
    return seen * math.log2(seen / expected) - (seen - expected) / math.log(2) >= p.crossed_bits


def _commonest(graph: SignalGraph, kind: str, p: ClusterParameters) -> Ints:
    """The columns of the tokens of a kind with most carriers, at most a few dozen."""
    counts = graph.carriers_per_token(kind)
    order: Ints = np.lexsort((graph.tokens(kind), -counts))[: p.most_crossed]
    return order
