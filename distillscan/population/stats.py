"""Statistics that every step shares: rates, log likelihood ratios in bits, and weights of evidence made of them."""

import math

import numpy as np
import numpy.typing as npt
from scipy import special

from distillscan.population.accounts import Floats


def smoothed_rate(count: npt.ArrayLike, trials: npt.ArrayLike) -> Floats:
    """Return the share of trials that succeeded, half a success and half a failure added: never 0 and never 1.

    Source: Krichevsky and Trofimov, "The performance of universal encoding", IEEE Trans. Inf. Theory 27 (1981).
    """
    rate: Floats = (np.asarray(count, np.float64) + 0.5) / (np.asarray(trials, np.float64) + 1.0)
    return rate


def bernoulli_kl(rate: npt.ArrayLike, base_rate: npt.ArrayLike) -> Floats:
    """Return the Kullback-Leibler divergence of two Bernoulli rates in bits a trial; 0 unless ``rate`` is the larger.

    It is the mean log2 likelihood ratio of a member under "the cluster's own rate" against "the rate of others".
    Source: Kullback and Leibler, "On information and sufficiency", Ann. Math. Stat. 22 (1951).
    """
    inside = np.asarray(rate, np.float64)
    outside = np.clip(np.asarray(base_rate, np.float64), 1e-9, 1 - 1e-9)
    nats = special.rel_entr(inside, outside) + special.rel_entr(1 - inside, 1 - outside)
    bits: Floats = np.where(inside > outside, nats / math.log(2), 0.0)
    return bits


def poisson_llr(observed: float, expected: float) -> float:
    """Return the log likelihood ratio, in bits, of a count against the Poisson mean that was expected.

    Source: the deviance of a Poisson count; McCullagh and Nelder, "Generalized Linear Models" (1989), chapter 2.
    """
    return float(special.kl_div(observed, max(expected, 1e-9))) / math.log(2)


def probability(bits: float) -> float:
    """Return the probability that log2 odds of ``bits`` stand for."""
    return float(special.expit(bits * math.log(2)))


def saturate(bits: float, cap: float) -> float:
    """Return bits that approach ``cap``: beyond it an innocent common cause is the likelier explanation.

    With ``cap = -log2 p``, p the chance that innocents show such a pattern, no amount of it weighs more than p allows.
    """
    if bits <= 0 or cap <= 0:
        return 0.0
    return -cap * math.expm1(-bits / cap)


def share_bits(count: int, trials: int, base_rate: float, cap: float) -> float:
    """Return the bits of ``count`` of ``trials`` members showing what others show at ``base_rate``, up to ``cap``."""
    if trials <= 0:
        return 0.0
    # Half a case is taken off, so that small clusters do not claim certainty.
    return saturate(trials * float(bernoulli_kl(max(0.0, (count - 0.5) / trials), base_rate)), cap)


def group_bits(count: int, trials: int, members: int, base_rate: float, cap: float) -> float:
    """Return the bits of ``count`` of ``trials`` members (of ``members`` in all) for the members being one group.

    What a part of the members shows speaks for that part: the weight is scaled by their share of all members.
    """
    return share_bits(count, trials, base_rate, cap) * count / max(1, members)
