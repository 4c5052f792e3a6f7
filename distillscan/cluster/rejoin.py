"""Put candidates together that turn out to be parts of one: tied as wholes, or one pool in the place of another.

A large pool may be met in pieces only, each of which is stronger by itself than any seed that spans them. And a pool
that takes the place of one that was banned need have nothing in common with it but its habits.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from distillscan.cluster.refine import by_strength, refine
from distillscan.cluster.split import SplitParameters, split, tied_sets
from distillscan.cluster.weigh import RefineParameters, Unclaimed
from distillscan.detect.base import Candidate
from distillscan.population.accounts import Ints, Mask, Population
from distillscan.population.graph import SignalGraph

#: Share of the members of both that must stay for two candidates to be one.
_REJOINED: Final = 0.9
#: Kinds of traits that a candidate has in common with a banned one which it replaces.
_SAME_HABITS: Final = 3
#: Share of its accounts that were turned away from which a candidate was banned.
_BANNED_PART: Final = 0.5
#: A candidate replaces it if so large a share of its accounts starts within so many hours after a banned one ends.
_REPLACED_PART, _REPLACED_HOURS = 0.8, 24


@dataclass(frozen=True)
class ClusterParameters(RefineParameters, SplitParameters):
    """How accounts become candidates."""


def rejoin(graph: SignalGraph, kept: list[Candidate], p: ClusterParameters) -> list[Candidate]:
    """Return the candidates, strongest first; those that hold together as one are one."""
    kept = sorted(kept, key=by_strength)
    pairs = _pairs(graph, kept, p)
    while pairs:
        a, b, tied = pairs.pop(0)
        others = [candidate for k, candidate in enumerate(kept) if k not in (a, b)]
        whole = _whole(graph, kept[a], kept[b], others, p)
        # Parts that only their habits join would always be split again.
        if whole is not None and (not tied or len(split(graph, whole.members, p)) == 1):
            kept = sorted([*others, whole], key=by_strength)
            pairs = _pairs(graph, kept, p)
    return kept


def _whole(
    graph: SignalGraph, one: Candidate, other: Candidate, rest: list[Candidate], p: ClusterParameters
) -> Candidate | None:
    """Two candidates as one, None if they do not hold together among accounts that the rest has left."""
    both = np.union1d(one.members, other.members)
    whole = refine(graph, both, p, Unclaimed(graph, settled_in(graph, rest)))
    if whole is None or np.intersect1d(whole.members, both, assume_unique=True).size < _REJOINED * both.size:
        return None
    return whole


def settled_in(graph: SignalGraph, candidates: list[Candidate]) -> Mask:
    """Return True for members of any of the candidates."""
    return graph.population.mask(np.concatenate([np.zeros(0, np.int64), *(one.members for one in candidates)]))


def _pairs(graph: SignalGraph, kept: list[Candidate], p: ClusterParameters) -> list[tuple[int, int, bool]]:
    """Candidates that may be one, by number, and whether they are tied by more than one's taking the other's place."""
    sets = [candidate.members for candidate in kept]
    replaced = [
        (a, b, False)
        for a, b in successors(graph.population, sets, p)
        if not _has_its_own(graph, sets[b], p) and same_habits(graph, sets[a], sets[b])
    ]
    return [(a, b, True) for a, b in tied_sets(graph, sets, p)] + replaced


def _has_its_own(graph: SignalGraph, members: Ints, p: ClusterParameters) -> bool:
    """Whether a set has a wording, cards, addresses or the like of its own: then these say whose it is."""
    marks = {kind: one for kind, one in graph.marks(members).items() if graph.kinds[kind].merge_strength == "strong"}
    own = (graph.carriers(kind, one.tokens)[members] for kind, one in marks.items())
    return any(np.mean(carriers) >= p.mostly for carriers in own)


def successors(population: Population, sets: list[Ints], p: ClusterParameters) -> list[tuple[int, int]]:
    """Return which sets take the place of one that was turned away: pairs of that one's number and theirs.

    Most of the earlier set's accounts must end with a denial, and the later one's first be seen soon after such an end.
    """
    first, last = population.active_hours
    begin = float(first.min(initial=np.inf))
    pairs = []
    for a, earlier in enumerate(sets):
        stops = np.sort(last[earlier[population.turned_away[earlier]]])
        if stops.size < max(p.min_accounts, _BANNED_PART * earlier.size):
            continue
        for b, later in enumerate(sets):
            starts = first[later]
            before = stops[np.maximum(np.searchsorted(stops, starts, "right") - 1, 0)]
            soon = (before <= starts) & (starts <= before + _REPLACED_HOURS) & (starts > begin + _REPLACED_HOURS)
            if a != b and np.mean(soon) >= _REPLACED_PART:
                pairs.append((a, b))
    return pairs


def same_habits(graph: SignalGraph, one: Ints, other: Ints) -> bool:
    """Whether two sets show the same traits, of several kinds, and want the same.

    Traits are what links nobody: a program, a way of getting at addresses or of dealing out requests, an intent. Other
    accounts may come with another program; they are not bought for another purpose.
    """
    same, traits, others = 0, graph.marks(one), graph.marks(other)
    for kind in (kind for kind in graph.kinds.values() if not kind.seeding):
        if kind.name in traits and kind.name in others:
            common = np.intersect1d(traits[kind.name].tokens, others[kind.name].tokens, assume_unique=True).size > 0
            if not common and kind.name in graph.observable:
                return False
            same += common
    return same >= _SAME_HABITS
