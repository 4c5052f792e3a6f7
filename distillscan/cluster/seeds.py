"""Seeds: rough sets of accounts, from communities of the account-token graph, from templates, from crossed traits."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import graspologic_native as native
import numpy as np
from scipy import sparse

from distillscan.population.accounts import Ints, Mask
from distillscan.population.graph import GraphParameters, SignalGraph
from distillscan.population.kinds import WORDING, Kind
from distillscan.population.stats import poisson_llr
from distillscan.settings import threshold

#: Seed of the random numbers of the Leiden algorithm, so that a run can be repeated.
_LEIDEN_SEED: Final = 1
#: Share of all accounts above which a token links nobody in communities, and a set is no seed.
HUB_SHARE: Final = 0.25
#: Accounts in a log below which a token need not be rare to link.
_SMALL_LOG: Final = 64
#: Tokens of a kind, the commonest, that are crossed with those of other kinds.
_MOST_CROSSED: Final = 24
#: Carriers of two tokens are a seed from so many bits beyond chance, and so many times as many as by chance.
_CROSSED_BITS, _CROSSED_TIMES = 20.0, 3.0


@dataclass(frozen=True)
class SeedParameters(GraphParameters):
    """Which sets of accounts refinement starts from."""

    min_accounts: int = threshold(5, "accounts", "at least: smaller groups are households and small teams")
    edge_bits: float = threshold(3.0, "bits", "of rarity (log2 of accounts per carrier) from which a token links")
    kind_bits: float = threshold(12.0, "bits", "at most for one kind on an account: 40 addresses are not 40 reasons")
    resolution: float = threshold(1.0, "times", "that of plain modularity (Leiden)")
    max_candidates: int = threshold(100_000, "candidates", "that are scored, strongest first; real logs give fewer")


def enough(graph: SignalGraph, members: Ints, p: SeedParameters) -> bool:
    """Return whether these are several principals, with as many accounts as a cluster has."""
    return members.size > 1 and graph.accounts(members) >= p.min_accounts


def leiden(carried: Any, resolution: float) -> Ints:
    """Return the community of every row of a sparse matrix of accounts by tokens, weighted, by seeded Leiden.

    A row without tokens is a community of its own, with a negative number.

    Method: Traag, Waltman and van Eck, "From Louvain to Leiden", Scientific Reports 9 (2019), on the bipartite graph.
    """
    full = sparse.block_array([[None, carried], [carried.T, None]], format="csr")
    full.sort_indices()
    edges = full.indptr.astype(np.int64), full.indices.astype(np.int32), full.data.astype(np.float64)
    _, labels = native.leiden_csr(*edges, int(full.shape[0]), resolution=resolution, seed=_LEIDEN_SEED)
    rows = carried.shape[0]
    return np.fromiter((labels.get(node, -1 - node) for node in range(rows)), np.int64, rows)


def positions_by_label(labels: Ints) -> list[Ints]:
    """Return the positions of each label, ascending, in the order of the labels."""
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)


def _edges(graph: SignalGraph, kind: Kind, p: SeedParameters) -> Any:
    """Accounts by tokens of one kind, weighted by rarity; hubs and common tokens left out."""
    size, carriers = graph.population.size, graph.carriers_per_token(kind.name)
    bits = np.log2(size / np.maximum(carriers, 1))
    rare = (bits >= p.edge_bits) | (size < _SMALL_LOG)
    usable = rare & (carriers >= 2) & (carriers <= max(HUB_SHARE * size, p.min_accounts))
    weight = np.where(usable, kind.seeding * np.maximum(bits, 0.1), 0.0)
    matrix = (graph.matrix(kind.name) @ sparse.diags_array(weight)).tocsr()
    matrix.eliminate_zeros()
    total, most = np.asarray(matrix.sum(axis=1)).ravel(), p.kind_bits * kind.seeding
    scale = np.where(total > most, most / np.maximum(total, 1e-12), 1.0)
    return (sparse.diags_array(scale) @ matrix).tocsr()


def communities(graph: SignalGraph, p: SeedParameters) -> list[Ints]:
    """Return communities of accounts in the bipartite graph of accounts and tokens (see ``leiden``)."""
    blocks = [_edges(graph, kind, p) for kind in graph.kinds.values() if kind.seeding]
    carried = sparse.hstack(blocks, format="csr") if blocks else sparse.csr_array((graph.population.size, 0))
    if carried.nnz == 0:
        return []
    accounts = np.flatnonzero(np.diff(carried.indptr)).astype(np.int64)
    parts = positions_by_label(leiden(carried[accounts][:, np.unique(carried.indices)], p.resolution))
    return [accounts[part] for part in parts if enough(graph, accounts[part], p)]


def template_sets(graph: SignalGraph, p: SeedParameters) -> list[Ints]:
    """Return the carriers of every template: a campaign with nothing else in common, or larger than a community."""
    kinds = graph.kinds.by_cause.get(WORDING, ())
    sets: list[Ints] = []
    for kind in kinds:
        columns = _commonest(graph, kind.name, p.max_candidates)
        ends = np.cumsum(graph.carriers_per_token(kind.name)[columns])
        sets += np.split(graph.carrying(kind.name, columns)[0].astype(np.int64), ends[:-1])
    return [carriers for carriers in sets if enough(graph, carriers, p)]


def crossed_sets(graph: SignalGraph, p: SeedParameters, settled: Mask | None = None) -> list[Ints]:
    """Return accounts that carry two tokens of different causes far more often than the two would meet by chance.

    A campaign that shares no address, card or wording still signs up together, runs one program and rotates; each of
    these is too common to join anybody by itself. Accounts that are ``settled`` in clusters are left out.
    """
    sets: list[Ints] = []
    free = np.ones(graph.population.size, np.bool_) if settled is None else ~settled
    size = max(1, int(np.count_nonzero(free)))
    for kind in (kind for kind in graph.kinds.values() if kind.crossed_with):
        partners = [name for name in kind.crossed_with if name in graph.kinds]
        for first in _carriers(graph, kind.name, _MOST_CROSSED):
            carriers = first & free
            sets.append(np.flatnonzero(carriers))
            for second in (mask for partner in partners for mask in _carriers(graph, partner, _MOST_CROSSED)):
                both = np.flatnonzero(carriers & second)
                expected = float(np.count_nonzero(carriers)) * float(np.count_nonzero(second & free)) / size
                if both.size > _CROSSED_TIMES * expected and poisson_llr(both.size, expected) >= _CROSSED_BITS:
                    sets.append(both)
    return [numbers for numbers in sets if enough(graph, numbers, p) and numbers.size <= HUB_SHARE * size]


def _carriers(graph: SignalGraph, kind: str, most: int) -> Iterator[Mask]:
    """Who carries each of the tokens of a kind with most carriers, so many tokens at most."""
    for column in _commonest(graph, kind, most):
        yield graph.carriers(kind, np.array([column]))


def _commonest(graph: SignalGraph, kind: str, most: int) -> Ints:
    """The columns of the tokens with most carriers, these first."""
    return np.lexsort((graph.tokens(kind), -graph.carriers_per_token(kind)))[:most]
