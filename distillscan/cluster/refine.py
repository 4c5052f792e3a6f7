"""Refine seeds to candidates: who belongs is decided by the odds of all causes together, not by one shared thing.

Each seed is refined like one class of a latent-class model: for every cause (wording, holder, egress, ...) compare how
often members carry one of the set's characteristic tokens with how often all others do (the set itself left out, so
that a campaign cannot inflate its own frequencies); an account's log2 odds are the prior and the sum over causes;
accounts above the threshold are the members of the next round. Fellegi and Sunter, "A theory for record linkage"
(1969), gives the weights; the rounds are hard-assignment EM.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse

from distillscan.cluster.seeds import SeedParameters
from distillscan.detect.base import Candidate
from distillscan.population.accounts import Floats, Ints, Mask
from distillscan.population.graph import SignalGraph
from distillscan.population.kinds import Cause
from distillscan.population.stats import smoothed_rate
from distillscan.settings import threshold

#: Most rounds of membership refinement; it settles in three to five.
_ROUNDS: Final = 12


@dataclass(frozen=True)
class RefineParameters(SeedParameters):
    """Who belongs to a candidate."""

    member_bits: float = threshold(3.0, "bits", "of log2 odds from which an account is a member: 8 to 1")
    typical_part: float = threshold(0.5, "share", "of the typical member's coverage from which one uses a template")


def _joined_carriers(
    graph: SignalGraph, chosen: Mapping[str, Ints], carriers: Mask, members: Ints, wanted: int
) -> Mask:
    """Carriers that the tokens (kind to columns) join to at least ``wanted`` members, themselves included.

    A household shares card, address and mail domain: that joins its members to each other and to nobody else.
    """
    joined = np.zeros(graph.population.size, np.bool_)
    few: dict[str, Ints] = {}
    for kind, tokens in chosen.items():
        enough = graph.carriers_among(kind, members)[tokens] >= (2 if graph.kinds[kind].low_degree else wanted)
        joined |= graph.carriers(kind, tokens[enough])
        if not enough.all():
            few[kind] = tokens[~enough]
    rest = np.flatnonzero(carriers & ~joined)
    if rest.size and few:
        theirs, ours = (
            sparse.hstack([graph.matrix(kind)[rows][:, tokens] for kind, tokens in few.items()], format="csr")
            for rows in (rest, members)
        )
        met = np.diff((theirs @ ours.T).tocsr().indptr)
        joined[rest[met + ~graph.population.mask(members)[rest] >= wanted]] = True
    return carriers & joined


def _users(graph: SignalGraph, kind: str, tokens: Ints, members: Ints, p: RefineParameters) -> Mask:
    """Accounts of whose use of a kind the tokens make up a good part; of templates, as good a part as of a member's.

    One prompt in three that happens to be worded like a template is no sign of a pool that words everything so.
    """
    carriers = graph.habitual_carriers(kind, tokens)
    if not graph.kinds[kind].is_share:
        return carriers
    used = graph.use(kind, tokens)
    of_members = used[members][carriers[members]]
    return carriers & (used >= p.typical_part * float(np.median(of_members))) if of_members.size else carriers


def _marks(graph: SignalGraph, members: Ints) -> dict[Cause, dict[str, Ints]]:
    """Return the tokens (kind to columns) that mark the members, for each cause of which there are any."""
    marks = {
        cause: {kind.name: tokens for kind in kinds if (tokens := graph.characteristic(kind.name, members)).size}
        for cause, kinds in graph.kinds.by_cause.items()
    }
    return {cause: chosen for cause, chosen in marks.items() if chosen}


def _cause_bits(
    graph: SignalGraph, cause: Cause, chosen: Mapping[str, Ints], members: Ints, p: RefineParameters, settled: Mask
) -> Floats | None:
    """Log2 likelihood ratio of every account for one cause, None if its tokens speak for nobody.

    Accounts that are ``settled`` in other clusters are no strangers to compare with.
    """
    carriers = np.logical_or.reduce([_users(graph, kind, tokens, members, p) for kind, tokens in chosen.items()])
    joined = _joined_carriers(graph, chosen, carriers, members, p.min_accounts)
    apart = carriers & ~joined
    known = (graph.known(cause) | carriers) & ~settled
    inside = graph.population.mask(members)
    sharing: Mask = np.logical_or.reduce([graph.carries_any(kind) for kind in chosen])
    present, absent = _odds(joined, known, inside, joined, cause.cap)
    if all(graph.kinds[kind].low_degree for kind in chosen):
        # Where most others share such a thing with somebody as well, it may be by accident.
        others = sharing[known & ~inside]
        present *= 1.0 - float(np.mean(others)) if others.size else 1.0
    bits = np.where(joined, max(0.0, present), np.where(known & ~carriers, absent if present > 0 else 0.0, 0.0))
    if np.any(apart[members]):
        # To share with a few is what households do: it counts as far as members do so more often than others.
        bits[apart] = max(0.0, _odds(apart, known, inside, sharing, cause.cap)[0])
    return bits if np.any(bits > 0) else None


def _odds(shows: Mask, known: Mask, inside: Mask, elsewhere: Mask, cap: float) -> tuple[float, float]:
    """Log2 likelihood ratios of showing a trait and of not showing it, for members against all others.

    Members that show it are in ``shows``, others in ``elsewhere``, as far as it is ``known``; ``cap`` bits either way.
    """
    rate_in = smoothed_rate(np.count_nonzero(shows & inside & known), np.count_nonzero(inside & known))
    rate_out = smoothed_rate(np.count_nonzero(elsewhere & known & ~inside), np.count_nonzero(known & ~inside))
    return min(cap, float(np.log2(rate_in / rate_out))), max(-cap, float(np.log2((1 - rate_in) / (1 - rate_out))))


def _independent(parts: Mapping[Cause, Floats | None]) -> list[Floats]:
    """The bits of the causes; where two say the same by different means only the stronger counts."""
    bits = {cause: part for cause, part in parts.items() if part is not None}
    for cause in parts:
        other = cause.redundant_with
        if cause in bits and other in bits:
            own, others = bits.pop(cause), bits[other]
            stronger = np.where(np.abs(own) > np.abs(others), own, others)
            bits[other] = np.where(own * others > 0, stronger, own + others)
    return list(bits.values())


def refine(graph: SignalGraph, seed: Ints, p: RefineParameters, settled: Mask | None = None) -> Candidate | None:
    """Return the candidate a seed settles on among accounts not yet ``settled``, None if it falls apart."""
    settled = np.zeros(graph.population.size, np.bool_) if settled is None else settled
    members, bits, seen = seed, np.zeros(graph.population.size), set()
    for _ in range(_ROUNDS):
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
        parts = {cause: _cause_bits(graph, cause, chosen, members, p, settled) for cause, chosen in marks.items()}
        bits = sum(_independent(parts), np.full(graph.population.size, prior))
        members = np.flatnonzero((bits >= p.member_bits) & ~settled)
    return Candidate(members, graph, bits[members]) if members.size >= p.min_accounts else None


def by_strength(candidate: Candidate) -> tuple[float, bytes]:
    """Return a sort key: strongest first, ties by the members themselves, so that the order of seeds never matters."""
    return -round(candidate.strength, 6), candidate.members.tobytes()
