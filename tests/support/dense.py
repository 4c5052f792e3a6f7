"""One round of refinement, worked out for every account of the log: slow, and plain to read."""

import numpy as np

from distillscan.cluster.weigh import RefineParameters
from distillscan.population.accounts import Floats, Ints, Mask
from distillscan.population.graph import SignalGraph
from distillscan.population.kinds import Cause
from distillscan.population.stats import smoothed_rate


def next_round(graph: SignalGraph, members: Ints, p: RefineParameters, claimed: Mask) -> tuple[list[int], list[float]]:
    """Members of the next round and their bits."""
    size = graph.population.size
    prior = min(0.0, float(np.log2(members.size / max(1, size - members.size))))
    bits = {cause: cause_bits(graph, cause, members, p, claimed) for cause in graph.kinds.by_cause}
    bits = {cause: part for cause, part in bits.items() if np.any(part > 0)}
    for cause in list(bits):
        if cause.redundant_with in bits:
            own, other = bits.pop(cause), bits[cause.redundant_with]
            both = np.where(np.abs(own) > np.abs(other), own, other)
            bits[cause.redundant_with] = np.where(own * other > 0, both, own + other)
    total = sum(bits.values(), np.full(size, prior))
    chosen = np.flatnonzero((total >= p.member_bits) & ~claimed)
    return chosen.tolist(), total[chosen].tolist()


def cause_bits(graph: SignalGraph, cause: Cause, members: Ints, p: RefineParameters, claimed: Mask) -> Floats:
    """Bits of every account for one cause, all 0 if nothing of it marks the members."""
    inside = np.isin(np.arange(graph.population.size), members)
    marks = {kind.name: graph.characteristic(kind.name, members) for kind in graph.kinds.by_cause[cause]}
    marks = {kind: tokens for kind, tokens in marks.items() if tokens.size}
    if not marks:
        return np.zeros(inside.size)
    carriers = np.logical_or.reduce([users(graph, kind, tokens, inside, p) for kind, tokens in marks.items()])
    joined: Mask = carriers & reached(graph, marks, inside, p.min_accounts)
    known = (graph.known(cause) | carriers) & ~claimed
    sharing = np.logical_or.reduce([graph.carries_any(kind) for kind in marks])
    present, absent = odds(joined, joined, known, inside, cause.cap)
    strangers = known & ~inside
    if all(graph.kinds[kind].low_degree for kind in marks) and strangers.any():
        present *= 1.0 - float(np.mean(sharing[strangers]))
    bits = np.where(joined, max(0.0, present), np.where(known & ~carriers & (present > 0), absent, 0.0))
    apart = carriers & ~joined
    if np.any(apart & inside):
        bits[apart] = max(0.0, odds(apart, sharing, known, inside, cause.cap)[0])
    return bits


def users(graph: SignalGraph, kind: str, tokens: Ints, inside: Mask, p: RefineParameters) -> Mask:
    """Accounts of whose use of a kind the tokens make up a good part."""
    carriers = graph.habitual_carriers(kind, tokens)
    used = graph.matrix(kind)[:, tokens].toarray().sum(axis=1)
    if not graph.kinds[kind].is_share or not np.any(carriers & inside):
        return carriers
    typical: Mask = carriers & np.asarray(used >= p.typical_part * np.median(used[carriers & inside]))
    return typical


def reached(graph: SignalGraph, marks: dict[str, Ints], inside: Mask, wanted: int) -> Mask:
    """Accounts whom the marks join to enough members, by one mark that as many carry or by all of them together."""
    met, joined = np.zeros((inside.size, inside.size), np.bool_), np.zeros(inside.size, np.bool_)
    for kind, tokens in marks.items():
        carried = graph.matrix(kind)[:, tokens].toarray() > 0
        enough = carried[inside].sum(axis=0) >= (2 if graph.kinds[kind].low_degree else wanted)
        joined |= carried[:, enough].any(axis=1)
        few = carried[:, ~enough]
        met |= (few.astype(int) @ few.T.astype(int)) > 0
    others_met = (met & inside).sum(axis=1)
    enough_met: Mask = joined | (met.any(axis=1) & (others_met + ~inside >= wanted))
    return enough_met


def odds(inside_shows: Mask, outside_shows: Mask, known: Mask, inside: Mask, cap: float) -> tuple[float, float]:
    """Log2 likelihood ratios of showing a trait and of not showing it."""
    rate_in = smoothed_rate(np.count_nonzero(inside_shows & inside & known), np.count_nonzero(inside & known))
    rate_out = smoothed_rate(np.count_nonzero(outside_shows & ~inside & known), np.count_nonzero(~inside & known))
    return min(cap, float(np.log2(rate_in / rate_out))), max(-cap, float(np.log2((1 - rate_in) / (1 - rate_out))))
