"""Weights of evidence: from a share inside a cluster and outside it to bits (log2 likelihood ratio)."""

import math


def divergence(inside: float, outside: float) -> float:
    """Return the Kullback-Leibler divergence of two Bernoulli rates in bits a trial, 0 unless ``inside`` is the larger.

    It is the mean log2 likelihood ratio of a member under "the cluster's own rate" against "the rate of others".
    """
    if inside <= outside:
        return 0.0
    outside = min(max(outside, 1e-9), 1 - 1e-9)
    first = inside * math.log2(inside / outside)
    second = (1 - inside) * math.log2((1 - inside) / (1 - outside)) if inside < 1 else 0.0
    return first + second


def saturate(bits: float, cap: float) -> float:
    """Return bits that approach ``cap``: beyond it an innocent common cause is the likelier explanation.

    With ``cap = -log2 p``, p the chance that innocents show such a pattern, no amount of it weighs more than p allows.
    """
    if bits <= 0 or cap <= 0:
        return 0.0
    return -cap * math.expm1(-bits / cap)


def share_bits(members: int, trials: int, outside: float, cap: float) -> float:
    """Return the bits of ``members`` of ``trials`` showing what others show at the rate ``outside``, up to ``cap``."""
    if trials <= 0:
        return 0.0
    # Half a case is taken off, so that small clusters do not claim certainty.
    return saturate(trials * divergence(max(0.0, (members - 0.5) / trials), outside), cap)


def group_bits(shows: int, stating: int, members: int, outside: float, cap: float) -> float:
    """Return the bits of ``shows`` of ``stating`` members (of ``members`` in all) for the members being one group.

    What a part of the members shows speaks for that part: the weight is scaled by their share of all members.
    """
    return share_bits(shows, stating, outside, cap) * shows / max(1, members)


def probability(bits: float) -> float:
    """Return the probability that log2 odds of ``bits`` stand for."""
    if bits >= 0:
        return 1.0 / (1.0 + math.exp2(-bits))
    odds = math.exp2(bits)
    return odds / (1.0 + odds)
