"""Refine seeds to candidates: who belongs is decided by the odds of all causes together, not by one shared thing.

Each seed is refined like one class of a latent-class model: for every cause (wording, holder, egress, ...) compare how
often members carry one of the set's characteristic tokens with how often all others do (the set itself left out, so
that a campaign cannot inflate its own frequencies); an account's log2 odds are the prior and the sum over causes;
accounts above the threshold are the members of the next round. Fellegi and Sunter, "A theory for record linkage"
(1969), gives the weights; the rounds are hard-assignment EM.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from distillscan.cluster.seeds import communities, crossed_sets, template_sets
from distillscan.cluster.split import split
from distillscan.parameters import CAUSES, Cause, ClusterParameters
from distillscan.population import Floats, Ints, Mask, SignalGraph

#: Kinds of entity by which a cause shows whether anything is known of an account at all. Of a pivot nothing is: who
#: did not move may not have been active, and not moving is what nearly everybody does.
_KNOWN_BY = {
    "holder": ("payment", "device", "api_key", "session"),
    "egress": ("ip",),
    "software": ("tls", "user_agent"),
    "rotation": ("ip",),
}


@dataclass(frozen=True, slots=True)
class Refined:
    """A candidate: its members (account numbers, ascending) and their log2 odds of belonging."""

    members: Ints
    bits: Floats

    @property
    def strength(self) -> float:
        """Total evidence for the set, in bits."""
        return float(self.bits.sum())


def _causes(graph: SignalGraph) -> dict[Cause, tuple[str, ...]]:
    found: dict[Cause, tuple[str, ...]] = {}
    for kind in graph.kinds:
        cause = CAUSES.get(kind)
        if cause is not None:
            found[cause] = (*found.get(cause, ()), kind)
    return found


def _known(graph: SignalGraph, cause: Cause) -> Mask:
    """Accounts of which the log says anything about this cause; for the others its absence means nothing."""
    population = graph.population
    if cause.name == "wording":
        return population.once(
            "worded",
            lambda: (
                population.mask(population.numbers(population.profile.prompts["account"].unique()))
                | population.states("system_prompt")
            ),
        )
    if cause.name == "registration":
        dated = population.profile.accounts["created"].is_not_null().to_numpy()
        return dated | population.states("email_domain")
    kinds = _KNOWN_BY.get(cause.name, ())
    nobody = np.zeros(population.size, np.bool_)
    return population.once(
        ("known", kinds), lambda: np.logical_or.reduce([nobody, *(population.states(kind) for kind in kinds)])
    )


def _cause_bits(graph: SignalGraph, cause: Cause, kinds: tuple[str, ...], members: Ints, lift: float) -> Floats | None:
    """Log2 likelihood ratio of every account for one cause, None if nothing marks the members."""
    size = graph.population.size
    carriers = np.zeros(size, np.bool_)
    for kind in kinds:
        tokens = graph.characteristic(kind, members, lift)
        if tokens.size:
            carriers |= graph.carriers(kind, tokens)
    if not carriers.any():
        return None
    known = _known(graph, cause) | carriers
    trials = np.count_nonzero(known[members])
    hits = np.count_nonzero(carriers[members])
    others = np.count_nonzero(known) - trials
    inside = (hits + 0.5) / (trials + 1.0)
    outside = (np.count_nonzero(carriers) - hits + 0.5) / (others + 1.0)
    if inside <= outside:
        return None
    present = min(cause.cap, float(np.log2(inside / outside)))
    absent = max(-cause.cap, float(np.log2((1 - inside) / (1 - outside))))
    return np.where(carriers, present, np.where(known, absent, 0.0))


def refine(graph: SignalGraph, seed: Ints, p: ClusterParameters) -> Refined | None:
    """Return the candidate a seed settles on, None if it falls apart."""
    causes = _causes(graph)
    members, seen = seed, set()
    bits = np.zeros(graph.population.size)
    for _ in range(p.rounds):
        if members.size < p.min_accounts:
            return None
        key = hash(members.tobytes())
        if key in seen:
            break
        seen.add(key)
        prior = float(np.log2(members.size / max(1, graph.population.size - members.size)))
        bits = np.full(graph.population.size, min(0.0, prior))
        for cause, kinds in causes.items():
            part = _cause_bits(graph, cause, kinds, members, p.lift)
            if part is not None:
                bits = bits + part
        members = np.flatnonzero(bits >= p.member_bits)
    if members.size < p.min_accounts:
        return None
    return Refined(members, bits[members])


def _wider(graph: SignalGraph, candidate: Refined, p: ClusterParameters) -> list[Ints]:
    """Everyone who carries a characteristic token of one cause: a part of a campaign grows to the whole over these.

    Seen from a part, what the rest of the campaign shares with it looks common; starting from all carriers it does not.
    """
    seeds = []
    for kinds in _causes(graph).values():
        carriers = np.zeros(graph.population.size, np.bool_)
        for kind in kinds:
            tokens = graph.characteristic(kind, candidate.members, p.lift)
            if tokens.size:
                carriers |= graph.touching(kind, tokens)
        numbers = np.flatnonzero(carriers)
        if numbers.size > candidate.members.size and numbers.size <= p.hub_share * graph.population.size:
            seeds.append(numbers)
    return seeds


def _order(found: Iterable[Refined]) -> list[Refined]:
    """Strongest first; ties by the members themselves, so that the order never depends on that of the seeds."""
    return sorted(found, key=lambda r: (-round(r.strength, 6), r.members.tobytes()))


def _apart(graph: SignalGraph, refined: Mapping[bytes, Refined], p: ClusterParameters) -> list[Refined]:
    """Replace candidates that hold several operators by these."""
    found: dict[bytes, Refined] = {}
    waiting = list(refined.values())
    seen: set[bytes] = set()
    while waiting:
        candidate = waiting.pop()
        key = candidate.members.tobytes()
        if key in seen:
            continue
        seen.add(key)
        parts = split(graph, candidate.members, p)
        again = [refine(graph, part, p) for part in parts if part.size >= p.min_accounts] if len(parts) > 1 else []
        # A part may hold several operators itself. One that grows back over the others does not hold alone; if none
        # does, the candidate is kept whole.
        alone = [part for part in again if part is not None and part.members.size < candidate.members.size]
        if alone:
            waiting += alone
        else:
            found[key] = candidate
    return list(found.values())


def find_candidates(graph: SignalGraph, p: ClusterParameters) -> list[Refined]:
    """Return disjoint candidates, strongest first."""
    # Parts of a pool that are too small by themselves come together at a coarser resolution.
    coarse = replace(p, resolution=p.resolution * p.coarser)
    refined: dict[bytes, Refined] = {}
    tried: set[bytes] = set()
    seeds = communities(graph, p) + communities(graph, coarse) + template_sets(graph, p) + crossed_sets(graph, p)
    for _ in range(p.widenings + 1):
        fresh = []
        for seed in seeds:
            if seed.tobytes() in tried:
                continue
            tried.add(seed.tobytes())
            found = refine(graph, seed, p)
            if found is not None and found.members.tobytes() not in refined:
                refined[found.members.tobytes()] = found
                fresh.append(found)
        seeds = [wide for found in _order(fresh)[: p.max_candidates] for wide in _wider(graph, found, p)]
    ordered = _order(_apart(graph, refined, p))
    taken = np.zeros(graph.population.size, np.bool_)
    kept = []
    for candidate in ordered:
        free = ~taken[candidate.members]
        # A candidate that is mostly another's is the same operator seen from another side.
        if np.count_nonzero(free) * 2 < candidate.members.size or np.count_nonzero(free) < p.min_accounts:
            continue
        members = candidate.members[free]
        taken[members] = True
        kept.append(Refined(members, candidate.bits[free]))
    return kept[: p.max_candidates]
