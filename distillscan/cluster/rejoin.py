"""Put candidates together that turn out to be parts of one: tied as wholes, or one pool in the place of another.

A large pool may be met in pieces only, each of which is stronger by itself than any seed that spans them. And a pool
that takes the place of one that was banned need have nothing in common with it but its habits.
"""

from dataclasses import dataclass

import numpy as np

from distillscan.cluster.refine import RefineParameters, by_strength, refine
from distillscan.cluster.split import SplitParameters, split, tied_sets
from distillscan.detect.base import Candidate
from distillscan.population.accounts import Ints, Mask, Population
from distillscan.population.graph import SignalGraph
from distillscan.settings import threshold


@dataclass(frozen=True)
class RejoinParameters(RefineParameters, SplitParameters):
    """When two candidates are one."""

    rejoined: float = threshold(0.9, "share", "of the members of both that must stay for two to be one")
    same_habits: int = threshold(3, "kinds", "of traits in common with a banned candidate that one replaces")
    banned_part: float = threshold(0.5, "share", "of accounts turned away from which a candidate is replaced")
    replaced_part: float = threshold(0.8, "share", "of accounts starting soon after that from which one replaces it")
    replaced_hours: int = threshold(24, "hours", "after a banned account's end by which its replacement starts")


def rejoin(graph: SignalGraph, kept: list[Candidate], p: RejoinParameters) -> list[Candidate]:
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
    graph: SignalGraph, one: Candidate, other: Candidate, rest: list[Candidate], p: RejoinParameters
) -> Candidate | None:
    """Two candidates as one, None if they do not hold together among accounts that the rest has left."""
    both = np.union1d(one.members, other.members)
    whole = refine(graph, both, p, settled_in(graph, rest))
    if whole is None or np.intersect1d(whole.members, both, assume_unique=True).size < p.rejoined * both.size:
        return None
    return whole


def settled_in(graph: SignalGraph, candidates: list[Candidate]) -> Mask:
    """Return True for members of any of the candidates."""
    return graph.population.mask(np.concatenate([np.zeros(0, np.int64), *(one.members for one in candidates)]))


def _pairs(graph: SignalGraph, kept: list[Candidate], p: RejoinParameters) -> list[tuple[int, int, bool]]:
    """Candidates that may be one, by number, and whether they are tied by more than one's taking the other's place."""
    sets = [candidate.members for candidate in kept]
    replaced = [
        (a, b, False)
        for a, b in successors(graph.population, sets, p)
        if not _has_its_own(graph, sets[b], p) and same_habits(graph, sets[a], sets[b], p)
    ]
    return [(a, b, True) for a, b in tied_sets(graph, sets, p)] + replaced


def _has_its_own(graph: SignalGraph, members: Ints, p: RejoinParameters) -> bool:
    """Whether a set has a wording, cards, addresses or the like of its own: then these say whose it is."""
    strong = [kind.name for kind in graph.kinds.values() if kind.merge_strength == "strong"]
    own = (graph.carriers(kind, graph.characteristic(kind, members))[members] for kind in strong)
    return any(np.mean(carriers) >= p.mostly for carriers in own)


def successors(population: Population, sets: list[Ints], p: RejoinParameters) -> list[tuple[int, int]]:
    """Return which sets take the place of one that was turned away: pairs of that one's number and theirs.

    Most of the earlier set's accounts must end with a denial, and the later one's first be seen soon after such an end.
    """
    first, last = population.active_hours
    begin = float(first.min(initial=np.inf))
    pairs = []
    for a, earlier in enumerate(sets):
        stops = np.sort(last[earlier[population.turned_away[earlier]]])
        if stops.size < max(p.min_accounts, p.banned_part * earlier.size):
            continue
        for b, later in enumerate(sets):
            starts = first[later]
            before = stops[np.maximum(np.searchsorted(stops, starts, "right") - 1, 0)]
            soon = (before <= starts) & (starts <= before + p.replaced_hours) & (starts > begin + p.replaced_hours)
            if a != b and np.mean(soon) >= p.replaced_part:
                pairs.append((a, b))
    return pairs


def same_habits(graph: SignalGraph, one: Ints, other: Ints, p: RejoinParameters) -> bool:
    """Whether two sets show the same traits, of several kinds, and want the same.

    Traits are what links nobody: a program, a way of getting at addresses or of dealing out requests, an intent. Other
    accounts may come with another program; they are not bought for another purpose.
    """
    same = 0
    for kind in (kind for kind in graph.kinds.values() if not kind.seeding):
        traits, others = (graph.characteristic(kind.name, members) for members in (one, other))
        if traits.size and others.size:
            common = np.intersect1d(traits, others, assume_unique=True).size > 0
            if not common and kind.name in graph.observable:
                return False
            same += common
    return same >= p.same_habits
