"""Average precision with ties, against the mean over every order of the tied accounts."""

from fractions import Fraction
from itertools import permutations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.evaluate.ranking import average_precision

Ranked = list[tuple[float | None, bool]]


def frame(ranked: Ranked) -> pl.DataFrame:
    return pl.DataFrame(ranked, schema={"score": pl.Float64, "guilty": pl.Boolean}, orient="row")


def plain(order: list[bool]) -> Fraction:
    hits = [place for place, guilty in enumerate(order, 1) if guilty]
    return sum((Fraction(n, place) for n, place in enumerate(hits, 1)), Fraction(0)) / len(hits)


def by_every_order(ranked: Ranked) -> float:
    """The definition: average precision of each order that the scores allow, all equally likely."""
    found = []
    for order in permutations(ranked):
        scores = [-1.0 if score is None else score for score, _ in order]
        if scores == sorted(scores, reverse=True):
            found.append(plain([guilty for _, guilty in order]))
    return float(sum(found, Fraction(0)) / len(found))


@pytest.mark.parametrize(
    ("ranked", "expected"),
    [
        ([(0.9, True), (0.8, True), (None, False)], 1.0),
        ([(0.9, False), (0.8, True)], 1 / 2),
        ([(0.9, True), (0.8, False), (0.7, True)], (1 + 2 / 3) / 2),
        ([(0.9, True), (0.9, False)], (1 + 1 / 2) / 2),
        ([(0.9, True), (None, True), (None, False)], (1 + (1 + 2 / 3) / 2) / 2),
        ([(None, True)], 1.0),
    ],
)
def test_by_hand(ranked: Ranked, expected: float) -> None:
    assert average_precision(frame(ranked)) == pytest.approx(expected, abs=1e-12)


def test_nobody_to_find() -> None:
    assert average_precision(frame([(0.9, False), (None, False)])) is None


@given(st.lists(st.tuples(st.sampled_from([0.9, 0.5, None]), st.booleans()), min_size=1, max_size=6))
def test_it_is_the_mean_over_all_orders(ranked: Ranked) -> None:
    found = average_precision(frame(ranked))
    assert found == (pytest.approx(by_every_order(ranked)) if any(guilty for _, guilty in ranked) else None)
