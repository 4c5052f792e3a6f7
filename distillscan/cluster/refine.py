"""Refine seeds to candidates: who belongs is decided by the odds of all causes together, not by one shared thing.

Each seed is refined like one class of a latent-class model: for every cause (wording, holder, egress, ...) compare how
often members carry one of the set's characteristic tokens with how often all others do (the set itself left out, so
that a campaign cannot inflate its own frequencies); an account's log2 odds are the prior and the sum over causes;
accounts above the threshold are the members of the next round. Fellegi and Sunter, "A theory for record linkage"
(1969), gives the weights; the rounds are hard-assignment EM.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from distillscan.cluster.seeds import communities, crossed_sets, template_sets
from distillscan.cluster.split import split
from distillscan.parameters import ClusterParameters
from distillscan.population.accounts import Floats, Ints, Mask, Population, memoized
from distillscan.population.graph import SignalGraph
from distillscan.population.kinds import GRADED, KINDS, KNOWN_BY, PAIRING, RETELLING, Cause


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
        if kind in KINDS:
            cause = KINDS[kind].cause
            found[cause] = (*found.get(cause, ()), kind)
    return found


def _known(graph: SignalGraph, cause: Cause, kinds: tuple[str, ...]) -> Mask:
    """Accounts of which the log says anything about this cause; for the others its absence means nothing."""
    population = graph.population
    judged = [graph.observable[kind] for kind in kinds if kind in graph.observable]
    if judged:
        known: Mask = np.logical_or.reduce(judged)
        return known
    return _states_any(population, KNOWN_BY[cause.name])


@memoized
def _states_any(population: Population, entities: tuple[str, ...]) -> Mask:
    """Accounts of which the log states at least one of the entities."""
    stated: Mask = np.logical_or.reduce(
        [np.zeros(population.size, np.bool_), *(population.states(entity) for entity in entities)]
    )
    return stated


def _reach(graph: SignalGraph, chosen: dict[str, Ints], carriers: Mask, members: Ints, wanted: int) -> Mask:
    """Carriers that the tokens (kind to columns) join to at least ``wanted`` members, themselves included.

    A household shares card, address and mail domain: that joins its members to each other and to nobody else.
    """
    reaching = np.zeros(graph.population.size, np.bool_)
    few: dict[str, Ints] = {}
    for kind, tokens in chosen.items():
        enough = graph.carriers_among(kind, members)[tokens] >= (2 if kind in PAIRING else wanted)
        reaching |= graph.carriers(kind, tokens[enough])
        if not enough.all():
            few[kind] = tokens[~enough]
    rest = np.flatnonzero(carriers & ~reaching)
    if rest.size and few:
        theirs = sparse.hstack([graph.matrix(kind)[rest][:, tokens] for kind, tokens in few.items()], format="csr")
        ours = sparse.hstack([graph.matrix(kind)[members][:, tokens] for kind, tokens in few.items()], format="csr")
        met = np.diff((theirs @ ours.T).tocsr().indptr)
        reaching[rest[met + ~graph.population.mask(members)[rest] >= wanted]] = True
    return carriers & reaching


def _users(graph: SignalGraph, kind: str, tokens: Ints, members: Ints, p: ClusterParameters) -> Mask:
    """Accounts of whose use of a kind the tokens make up a good part; of templates, as good a part as of a member's.

    One prompt in three that happens to be worded like a template is no sign of a pool that words everything so.
    """
    carriers = graph.habitual_carriers(kind, tokens)
    if kind not in GRADED:
        return carriers
    used = graph.use(kind, tokens)
    mine = used[members][carriers[members]]
    return carriers & (used >= p.typical_part * float(np.median(mine))) if mine.size else carriers


def _marks(graph: SignalGraph, members: Ints) -> dict[Cause, dict[str, Ints]]:
    """Return the tokens (kind to columns) that mark the members, for each cause of which there are any."""
    found = {
        cause: {kind: tokens for kind in kinds if (tokens := graph.characteristic(kind, members)).size}
        for cause, kinds in _causes(graph).items()
    }
    return {cause: chosen for cause, chosen in found.items() if chosen}


def _cause_bits(
    graph: SignalGraph, cause: Cause, chosen: dict[str, Ints], members: Ints, p: ClusterParameters, settled: Mask
) -> Floats | None:
    """Log2 likelihood ratio of every account for one cause, None if its tokens speak for nobody.

    Accounts that are ``settled`` in other clusters are no strangers to compare with.
    """
    carriers = np.logical_or.reduce([_users(graph, kind, tokens, members, p) for kind, tokens in chosen.items()])
    joined = _reach(graph, chosen, carriers, members, p.min_accounts)
    apart = carriers & ~joined
    known = (_known(graph, cause, _causes(graph)[cause]) | carriers) & ~settled
    mine = np.zeros_like(known)
    mine[members] = True
    present, absent = _odds(joined, known, mine, joined, cause.cap)
    if PAIRING.issuperset(chosen):
        present *= _unusual(graph, chosen, known & ~mine)
    if present <= 0:
        absent = 0.0
    bits = np.where(joined, max(0.0, present), np.where(known & ~carriers, absent, 0.0))
    if np.any(apart[members]):
        # To share with a few is what households do: it counts as far as members do so more often than others.
        sharing = np.logical_or.reduce([graph.carries_any(kind) for kind in chosen])
        bits[apart] = max(0.0, _odds(apart, known, mine, sharing, cause.cap)[0])
    return bits if np.any(bits > 0) else None


def _unusual(graph: SignalGraph, chosen: dict[str, Ints], others: Mask) -> float:
    """The share of other accounts that share no such thing with anybody: where most do, it may be by accident."""
    sharing = np.logical_or.reduce([graph.carries_any(kind) for kind in chosen])
    return 1.0 - float(np.mean(sharing[others])) if np.any(others) else 1.0


def _odds(shows: Mask, known: Mask, mine: Mask, elsewhere: Mask, cap: float) -> tuple[float, float]:
    """Log2 likelihood ratios of showing a trait and of not showing it, for members against all others.

    Args:
        shows: Who shows it, of the members.
        known: Of whom it can be told.
        mine: The members.
        elsewhere: Who shows it, of the others.
        cap: Most bits either way.
    """
    inside = (np.count_nonzero(shows & mine & known) + 0.5) / (np.count_nonzero(mine & known) + 1.0)
    outside = (np.count_nonzero(elsewhere & known & ~mine) + 0.5) / (np.count_nonzero(known & ~mine) + 1.0)
    return min(cap, float(np.log2(inside / outside))), max(-cap, float(np.log2((1 - inside) / (1 - outside))))


def _unrelated(parts: dict[str, Floats | None]) -> list[Floats]:
    """The bits of the causes; where two tell the same thing twice only the stronger counts."""
    found = {name: part for name, part in parts.items() if part is not None}
    for name, other in RETELLING.items():
        if name in found and other in found:
            one, two = found.pop(name), found[other]
            both = np.where(np.abs(one) > np.abs(two), one, two)
            found[other] = np.where(one * two > 0, both, one + two)
    return list(found.values())


def refine(graph: SignalGraph, seed: Ints, p: ClusterParameters, settled: Mask | None = None) -> Refined | None:
    """Return the candidate a seed settles on among accounts not yet ``settled``, None if it falls apart."""
    settled = np.zeros(graph.population.size, np.bool_) if settled is None else settled
    members, seen = seed, set()
    bits = np.zeros(graph.population.size)
    for _ in range(p.rounds):
        if members.size < p.min_accounts:
            return None
        key = hash(members.tobytes())
        if key in seen:
            break
        seen.add(key)
        prior = min(0.0, float(np.log2(members.size / max(1, graph.population.size - members.size))))
        marks = _marks(graph, members)
        if prior + sum(cause.cap for cause in marks) < p.member_bits:
            return None  # nobody could be a member: most seeds end here, before anything is counted
        bits = np.full(graph.population.size, prior)
        parts = {c.name: _cause_bits(graph, c, chosen, members, p, settled) for c, chosen in marks.items()}
        for part in _unrelated(parts):
            bits = bits + part
        members = np.flatnonzero((bits >= p.member_bits) & ~settled)
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
            tokens = graph.characteristic(kind, candidate.members)
            if tokens.size:
                carriers |= graph.carriers(kind, tokens)
        numbers = np.flatnonzero(carriers)
        if numbers.size > candidate.members.size and numbers.size <= p.hub_share * graph.population.size:
            seeds.append(numbers)
    return seeds


def by_strength(candidate: Refined) -> tuple[float, bytes]:
    """Strongest first; ties by the members themselves, so that the order never depends on that of the seeds."""
    return -round(candidate.strength, 6), candidate.members.tobytes()


def _apart(graph: SignalGraph, candidate: Refined, p: ClusterParameters, settled: Mask | None) -> list[Refined]:
    """Return the operators a candidate holds, if it holds several that stand alone; empty to keep it whole.

    A part that grows back over the others does not stand alone; one too small is dropped.
    """
    parts = split(graph, candidate.members, p)
    if len(parts) < 2:
        return []
    again = [refine(graph, part, p, settled) for part in parts if part.size >= p.min_accounts]
    return [part for part in again if part is not None and part.members.size < candidate.members.size]


def _much_the_same(one: Ints, other: Ints, p: ClusterParameters) -> bool:
    """Whether a set of members (ascending) lies in another but for a few, and is most of it."""
    common = np.intersect1d(one, other, assume_unique=True).size
    return bool(common >= p.opened_part * one.size and common >= p.opened_whole * other.size)


def _disjoint(
    graph: SignalGraph, refined: Iterable[Refined], p: ClusterParameters, settled: Mask | None = None
) -> list[Refined]:
    """Accept candidates from the strongest on; what is mostly another's already is the same operator once more.

    A candidate is looked into only when its turn comes, and its parts then queue by their own strength.
    """
    taken = np.zeros(graph.population.size, np.bool_) if settled is None else settled.copy()
    seen: set[tuple[float, bytes]] = set()
    by_rank = {by_strength(candidate): candidate for candidate in refined}
    queue = list(by_rank)
    heapq.heapify(queue)
    kept: list[Refined] = []
    # Candidates that were opened, and what came out: one much like another would only be opened to the same parts.
    opened: list[Ints] = []
    born: set[tuple[float, bytes]] = set()
    while queue and len(kept) < p.max_candidates:
        rank = heapq.heappop(queue)
        candidate = by_rank[rank]
        free = ~taken[candidate.members]
        left = int(np.count_nonzero(free))
        if rank in seen or left < p.free_share * candidate.members.size or left < p.min_accounts:
            continue
        seen.add(rank)
        if rank not in born and any(_much_the_same(candidate.members, other, p) for other in opened):
            continue
        parts = _apart(graph, candidate, p, settled)
        if parts:
            opened.append(candidate.members)
            born.update(by_strength(part) for part in parts)
        for part in parts:
            by_rank[by_strength(part)] = part
            heapq.heappush(queue, by_strength(part))
        if not parts:
            taken[candidate.members[free]] = True
            kept.append(Refined(candidate.members[free], candidate.bits[free]))
    return kept


def disjoint_candidates(graph: SignalGraph, p: ClusterParameters) -> list[Refined]:
    """Return candidates that have no account in common, strongest first."""
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
        seeds = [
            wide for found in sorted(fresh, key=by_strength)[: p.max_candidates] for wide in _wider(graph, found, p)
        ]
    return _peeled(graph, _disjoint(graph, refined.values(), p), p)


def _peeled(graph: SignalGraph, kept: list[Refined], p: ClusterParameters) -> list[Refined]:
    """Look for what campaigns found so far have covered up: those that share their traits, and nothing else, with them.

    Several operators hire the same kind of proxies. Once the one with a wording of its own is settled, the others no
    longer pass for its fringe, nor do their traits look usual because it has them too.
    """
    for _ in range(p.peelings):
        settled = np.zeros(graph.population.size, np.bool_)
        for candidate in kept:
            settled[candidate.members] = True
        found: dict[bytes, Refined] = {}
        for seed in crossed_sets(graph, p, settled):
            one = refine(graph, seed, p, settled)
            if one is not None:
                found[one.members.tobytes()] = one
        fresh = _disjoint(graph, found.values(), p, settled)
        if not fresh:
            break
        kept = sorted([*kept, *fresh], key=by_strength)[: p.max_candidates]
    return kept
