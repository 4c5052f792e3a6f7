"""Refine seeds to candidates: who belongs is decided by the odds of all causes together, not by one shared thing.

Each seed is refined like one class of a latent-class model: for every cause (wording, holder, egress, ...) compare how
often members carry one of the set's characteristic tokens with how often all others do (the set itself left out, so
that a campaign cannot inflate its own frequencies); an account's log2 odds are the prior and the sum over causes;
accounts above the threshold are the members of the next round. Fellegi and Sunter, "A theory for record linkage"
(1969), gives the weights; the rounds are hard-assignment EM.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final

import numpy as np

from distillscan.cluster.seeds import enough
from distillscan.cluster.weigh import CauseBits, RefineParameters, Unclaimed, cause_bits, union
from distillscan.detect.base import Candidate
from distillscan.population.accounts import Floats, Ints
from distillscan.population.graph import Marks, SignalGraph
from distillscan.population.kinds import Cause

#: Most rounds of membership refinement; it settles in three to five.
_ROUNDS: Final = 12
#: Accounts below which seeds are looked at together, so many in one go.
_SMALL_SEED, _BATCH = 256, 2048
#: Bits by which sums of the same weights in another order may differ.
_ROUNDING: Final = 1e-6


def refine(graph: SignalGraph, seed: Ints, p: RefineParameters, others: Unclaimed | None = None) -> Candidate | None:
    """Return the candidate a seed settles on among accounts that are ``Unclaimed``, None if it falls apart.

    Many seeds come to the same set sooner or later; from there on they end alike, so what came of a set is remembered.
    """
    others = Unclaimed(graph) if others is None else others
    members, bits = seed, np.zeros(0)
    seen: list[bytes] = []
    settled = None
    while len(seen) < _ROUNDS and enough(graph, members, p):
        key = blake2b(members.tobytes(), digest_size=16).digest()
        if key in others.settled:
            settled = others.settled[key]
            break
        if key in seen:
            settled = Candidate(members, graph, bits)
            break
        seen.append(key)
        members, bits = _next_round(members, p, others)
    else:
        settled = Candidate(members, graph, bits) if enough(graph, members, p) else None
    others.settled.update(dict.fromkeys(seen, settled))
    return settled


def promising(graph: SignalGraph, seeds: Sequence[Ints], p: RefineParameters) -> list[Ints]:
    """Return the seeds of which anybody could be a member, in their order.

    What marks most of thousands of small seeds could never outweigh the prior; they are all looked at in one go.
    """
    small = [k for k, seed in enumerate(seeds) if seed.size < _SMALL_SEED]
    caps = np.array([cause.cap for cause in graph.kinds.by_cause])
    of_cause = np.array([[kind in kinds for kind in graph.kinds.values()] for kinds in graph.kinds.by_cause.values()])
    idle: set[int] = set()
    for start in range(0, len(small), _BATCH):
        batch = small[start : start + _BATCH]
        marked = graph.marked_kinds([seeds[k] for k in batch]) @ of_cause.T
        most = np.array([_prior(graph, seeds[k].size) for k in batch]) + marked @ caps
        idle.update(k for k, bits in zip(batch, most, strict=True) if bits < p.member_bits - _ROUNDING)
    return [seed for k, seed in enumerate(seeds) if k not in idle]


def _prior(graph: SignalGraph, size: int) -> float:
    """Log2 odds of belonging to a set of that size, before anything is known."""
    return min(0.0, float(np.log2(size / max(1, graph.population.size - size))))


def _next_round(members: Ints, p: RefineParameters, others: Unclaimed) -> tuple[Ints, Floats]:
    """Return the accounts (ascending) that belong to a set by what marks its present members, and their bits."""
    graph, prior = others.graph, _prior(others.graph, members.size)
    marks = _by_cause(graph, members)
    most, said = prior + sum(cause.cap for cause in marks), {}
    for cause in sorted(marks, key=lambda cause: _carried(graph, marks[cause])):
        if most < p.member_bits - _ROUNDING:
            return members[:0], np.zeros(0)  # nobody could be a member, whatever the causes that are left may say
        said[cause] = cause_bits(others, cause, marks[cause], members, p)
        most -= cause.cap - (0.0 if (part := said[cause]) is None else part.most)
    return _above({cause: part for cause in marks if (part := said[cause]) is not None}, prior, others, p)


def _carried(graph: SignalGraph, marks: Mapping[str, Marks]) -> int:
    """How many times anybody carries any of the marks: what weighing them costs."""
    return sum(int(graph.carriers_per_token(kind)[one.tokens].sum()) for kind, one in marks.items())


def _by_cause(graph: SignalGraph, members: Ints) -> dict[Cause, dict[str, Marks]]:
    """The tokens that mark the members, for each cause of which there are any."""
    marks = graph.marks(members)
    of = {
        cause: {k.name: marks[k.name] for k in kinds if k.name in marks}
        for cause, kinds in graph.kinds.by_cause.items()
    }
    return {cause: chosen for cause, chosen in of.items() if chosen}


def _above(
    parts: Mapping[Cause, CauseBits], prior: float, others: Unclaimed, p: RefineParameters
) -> tuple[Ints, Floats]:
    """The unclaimed accounts (ascending) whose prior and causes add up to a member's bits, and these."""
    block = others.among(_block(parts, p.member_bits - prior))
    bits = sum(_independent({cause: part.of(block) for cause, part in parts.items()}), np.full(block.size, prior))
    chosen = bits >= p.member_bits
    return block[chosen], bits[chosen]


def _block(parts: Mapping[Cause, CauseBits], wanted: float) -> Ints:
    """Accounts (ascending) of which some can reach the bits that are wanted; no other can.

    Causes that few show come first: what remains when the rest cannot reach the bits by itself need not be looked at.
    A large set that many carry (a program, a proxy) is then asked for the few that are left.
    """
    ordered = sorted(parts.values(), key=lambda part: part.size)
    block: list[Ints] = []
    while ordered and sum(part.most for part in ordered) >= wanted - _ROUNDING:
        block.append(ordered.pop(0).carriers())
    return union(block)


def _independent(bits: Mapping[Cause, Floats]) -> list[Floats]:
    """The bits of the causes; where two say the same by different means only the stronger counts."""
    said = dict(bits)
    for cause in bits:
        other = cause.redundant_with
        if cause in said and other in said:
            own, others = said.pop(cause), said[other]
            stronger = np.where(np.abs(own) > np.abs(others), own, others)
            said[other] = np.where(own * others > 0, stronger, own + others)
    return list(said.values())


def by_strength(candidate: Candidate) -> tuple[float, bytes]:
    """Return a sort key: strongest first, ties by the members themselves, so that the order of seeds never matters."""
    return -round(candidate.strength, 6), candidate.members.tobytes()
