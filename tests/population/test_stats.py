"""Rates and log likelihood ratios: against the definitions, by hand, and in the limits."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.population.stats import bernoulli_kl, poisson_llr, probability, saturate, share_bits, smoothed_rate

RATES = st.floats(0, 1)


def test_a_rate_is_never_quite_none_or_all() -> None:
    assert smoothed_rate(0, 9) == 0.05
    assert smoothed_rate(9, 9) == 0.95
    assert smoothed_rate(0, 0) == 0.5
    assert smoothed_rate(np.array([0, 1]), np.array([1, 1])).tolist() == [0.25, 0.75]


def test_divergence_is_the_mean_log_likelihood_ratio() -> None:
    assert bernoulli_kl(0.5, 0.25) == pytest.approx(0.5 * 1 + 0.5 * math.log2(0.5 / 0.75))
    assert bernoulli_kl(1.0, 0.25) == pytest.approx(2.0)
    assert bernoulli_kl(0.2, 0.2) == bernoulli_kl(0.1, 0.3) == 0.0
    assert bernoulli_kl(1.0, 0.0) == pytest.approx(-math.log2(1e-9))
    assert bernoulli_kl(np.array([1.0, 0.1]), np.array([0.25, 0.3])).tolist() == pytest.approx([2.0, 0.0])


@given(RATES, RATES)
def test_divergence_is_never_negative(inside: float, outside: float) -> None:
    assert bernoulli_kl(inside, outside) >= 0


@given(st.integers(0, 500), st.floats(1e-6, 500))
def test_the_excess_of_a_count_is_the_ratio_of_its_likelihoods(observed: int, expected: float) -> None:
    # Under its own mean against the expected one; the factorial cancels.
    own = observed * math.log(observed) - observed if observed else 0.0
    ratio = (own - (observed * math.log(expected) - expected)) / math.log(2)
    assert poisson_llr(observed, expected) == pytest.approx(ratio, abs=1e-9 + 1e-9 * abs(ratio))
    assert poisson_llr(observed, observed) == pytest.approx(0.0, abs=1e-6)


@given(st.floats(0, 1e4), st.floats(0.1, 20))
def test_saturated_bits_stay_below_cap_and_evidence(bits: float, cap: float) -> None:
    assert 0 <= saturate(bits, cap) <= min(cap, bits) * (1 + 1e-12)


def test_small_evidence_is_hardly_changed_and_large_reaches_the_cap() -> None:
    assert saturate(0.1, 9) == pytest.approx(0.0994, abs=1e-3)
    assert saturate(1000, 9) == pytest.approx(9)
    assert saturate(-3, 9) == saturate(3, 0) == 0.0


@given(st.integers(1, 200), RATES, st.floats(0.5, 10))
def test_more_members_never_weigh_less(trials: int, outside: float, cap: float) -> None:
    weights = [share_bits(k, trials, outside, cap) for k in range(trials + 1)]
    assert weights == sorted(weights)
    assert weights[0] == 0 <= weights[-1] <= cap


def test_nothing_known_is_no_evidence() -> None:
    assert share_bits(0, 0, 0.1, 9) == 0.0


@given(st.floats(-60, 60))
def test_probability_is_symmetric_and_monotone(bits: float) -> None:
    assert probability(bits) + probability(-bits) == pytest.approx(1)
    assert probability(bits + 1) >= probability(bits)


def test_probability_of_known_odds() -> None:
    assert probability(0) == 0.5
    assert probability(3) == pytest.approx(8 / 9)
    assert probability(-2000) == 0.0
