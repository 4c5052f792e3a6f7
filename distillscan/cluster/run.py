"""Cluster, step by step: seeds, refined to candidates, of which the strongest keep their members; then what is left."""

import heapq
import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from distillscan.cluster.refine import by_strength, promising, refine
from distillscan.cluster.rejoin import ClusterParameters, rejoin, settled_in
from distillscan.cluster.seeds import HUB_SHARE, communities, crossed_sets, enough, template_sets
from distillscan.cluster.split import split
from distillscan.cluster.weigh import Unclaimed, union, within
from distillscan.detect.base import Candidate
from distillscan.population.accounts import Ints
from distillscan.population.graph import SignalGraph
from distillscan.population.kinds import Kinds
from distillscan.population.principals import Principals

#: Times the resolution for a second look at communities: a pool may fall into parts that are too small by themselves.
_COARSER: Final = 0.1
#: Times that a candidate is widened to all carriers of a cause and refined again.
_WIDENINGS: Final = 2
#: Accounts from which seeds are compared with each other; how much of two is the same where one will do; and how many
#: of each are looked at, of which the share is told to 4 points.
_COMPARED_SEED, _NEARLY, _SKETCH = 256, 0.95, 128
#: Share of a candidate that stronger ones must have left for it to stay.
_FREE_SHARE: Final = 0.5
#: Not opened is a candidate of which so much lies in one opened before, and is so much of that: parts may hold several.
_OPENED_PART, _OPENED_WHOLE = 0.9, 0.67
#: Times that traits are crossed again among accounts that no cluster claims.
_PEELINGS: Final = 2


def find_among_principals(
    principals: Principals, signals: pl.DataFrame, kinds: Kinds, p: ClusterParameters
) -> list[Candidate]:
    """Return disjoint candidates, strongest first: sought among principals, and given by their accounts."""
    if not any(principals.declared):
        return find_candidates(SignalGraph(principals.population, signals, kinds, p), p)
    found = find_candidates(SignalGraph(principals, signals, kinds, p), p)
    graph = SignalGraph(principals.population, signals, kinds, p)
    return [
        Candidate(members, graph, candidate.bits[np.searchsorted(candidate.members, principals.principal[members])])
        for candidate in found
        for members in (principals.members(candidate.members),)
    ]


def find_candidates(graph: SignalGraph, p: ClusterParameters) -> list[Candidate]:
    """Return disjoint candidates, strongest first."""
    others = Unclaimed(graph)
    candidates = _disjoint(_refined_seeds(graph, p, others), p, others)
    return rejoin(graph, _recluster_residual(graph, candidates, p), p)


def _refined_seeds(graph: SignalGraph, p: ClusterParameters, others: Unclaimed) -> list[Candidate]:
    """What the seeds settle on, and what these settle on once widened; sets that came out before are not repeated."""
    coarse = replace(p, resolution=p.resolution * _COARSER)
    seeds = communities(graph, p) + communities(graph, coarse) + template_sets(graph, p) + crossed_sets(graph, p)
    refined: dict[bytes, Candidate] = {}
    for _ in range(_WIDENINGS + 1):
        fresh = []
        for seed in promising(graph, seeds, p):
            candidate = refine(graph, seed, p, others)
            if candidate is not None and candidate.members.tobytes() not in refined:
                refined[candidate.members.tobytes()] = candidate
                fresh.append(candidate)
        strongest = sorted(fresh, key=by_strength)[: p.max_candidates]
        seeds = _unlike(wider for candidate in strongest for wider in _wider(candidate))
    return list(refined.values())


def _unlike(seeds: Iterable[Ints]) -> list[Ints]:
    """Leave out large seeds that are nearly one that came before.

    The parts of a campaign, and companies that use one application, are each widened to much the same accounts, which
    would settle on the same set.
    """
    kept: list[Ints] = []
    large: dict[int, list[Ints]] = {}
    for seed in seeds:
        step = int(math.log2(max(seed.size, 1)))
        if seed.size < _COMPARED_SEED:
            kept.append(seed)
        elif not any(_nearly_one(seed, other) for near in (step - 1, step, step + 1) for other in large.get(near, ())):
            kept.append(seed)
            large.setdefault(step, []).append(seed)
    return kept


def _nearly_one(one: Ints, other: Ints) -> bool:
    """Whether two sets of accounts have nearly all in common, by the first of both.

    Accounts are numbered by hash, so the first of a set are a random sample of it: Broder, "On the resemblance and
    containment of documents" (1997).
    """
    if min(one.size, other.size) < _NEARLY * max(one.size, other.size):
        return False
    first = union((one[:_SKETCH], other[:_SKETCH]))[:_SKETCH]
    common = within(first, one[:_SKETCH]) & within(first, other[:_SKETCH])
    return bool(np.count_nonzero(common) >= _NEARLY * first.size)


def _wider(candidate: Candidate) -> list[Ints]:
    """Everyone who carries a characteristic token of one cause: a part of a campaign grows to the whole over these.

    Seen from a part, what the rest of the campaign shares with it looks common; starting from all carriers it does not.
    """
    graph, seeds = candidate.graph, []
    for kinds in graph.kinds.by_cause.values():
        carriers = [graph.carriers(kind.name, candidate.characteristic(kind.name)) for kind in kinds]
        numbers = np.flatnonzero(np.logical_or.reduce(carriers))
        if candidate.members.size < numbers.size <= HUB_SHARE * graph.population.size:
            seeds.append(numbers)
    return seeds


def _operators(candidate: Candidate, p: ClusterParameters, others: Unclaimed) -> list[Candidate]:
    """Return the operators a candidate holds, if it holds several that stand alone; empty to keep it whole.

    A part that grows back over the others does not stand alone; one too small is dropped.
    """
    parts = split(candidate.graph, candidate.members, p)
    if len(parts) < 2:
        return []
    again = [refine(candidate.graph, part, p, others) for part in parts if enough(candidate.graph, part, p)]
    return [part for part in again if part is not None and part.members.size < candidate.members.size]


def _much_the_same(one: Ints, other: Ints) -> bool:
    """Whether a set of members (ascending) lies in another but for a few, and is most of it."""
    common = np.intersect1d(one, other, assume_unique=True).size
    return bool(common >= _OPENED_PART * one.size and common >= _OPENED_WHOLE * other.size)


def _disjoint(candidates: Iterable[Candidate], p: ClusterParameters, others: Unclaimed) -> list[Candidate]:
    """Accept candidates from the strongest on; what is mostly another's already is the same operator once more.

    A candidate is looked into only when its turn comes, and its parts then queue by their own strength.
    """
    graph = others.graph
    taken = np.zeros(graph.population.size, np.bool_) if others.claimed is None else others.claimed.copy()
    by_rank = {by_strength(candidate): candidate for candidate in candidates}
    queue = sorted(by_rank)
    kept: list[Candidate] = []
    # Candidates that were opened, and what came out: one much like another would only be opened to the same parts.
    opened: list[Ints] = []
    born: set[tuple[float, bytes]] = set()
    while queue and len(kept) < p.max_candidates:
        rank = heapq.heappop(queue)
        candidate = by_rank[rank]
        free = ~taken[candidate.members]
        if np.mean(free) < _FREE_SHARE or not enough(graph, candidate.members[free], p):
            continue
        if rank not in born and any(_much_the_same(candidate.members, other) for other in opened):
            continue
        parts = {by_strength(part): part for part in _operators(candidate, p, others)}
        if not parts:
            taken[candidate.members[free]] = True
            kept.append(Candidate(candidate.members[free], graph, candidate.bits[free]))
            continue
        opened.append(candidate.members)
        born.update(parts)
        for part in parts.keys() - by_rank.keys():
            heapq.heappush(queue, part)
        by_rank.update(parts)
    return kept


def _recluster_residual(graph: SignalGraph, kept: list[Candidate], p: ClusterParameters) -> list[Candidate]:
    """Seed again on accounts no cluster has claimed.

    An operator whose traits a larger one shares (several hire the same kind of proxies) stands out once that one is
    removed: it no longer passes for the other's fringe, nor do its traits look usual because the other has them too.
    """
    for _ in range(_PEELINGS):
        others = Unclaimed(graph, settled_in(graph, kept))
        refined = (refine(graph, seed, p, others) for seed in crossed_sets(graph, p, others.claimed))
        candidates = {candidate.members.tobytes(): candidate for candidate in refined if candidate is not None}
        fresh = _disjoint(candidates.values(), p, others)
        if not fresh:
            break
        kept = sorted([*kept, *fresh], key=by_strength)[: p.max_candidates]
    return kept
