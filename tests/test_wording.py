"""Numbers and times read as they are meant."""

import pytest

from distillscan import wording


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (10_000, "10.0k"),
        (999_999, "999.9k"),
        (1_000_000, "1.0M"),
        (16_049_999, "16.0M"),
        (3 * 10**9, "3.0G"),
    ],
)
def test_compact_counts_are_never_rounded_up(n: int, text: str) -> None:
    assert wording.compact(n) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (0.0001, "<1 %"),
        (0.0099, "<1 %"),
        (0.01, "1 %"),
        (0.5049, "50 %"),
        (0.99, "99 %"),
        (0.9901, ">99 %"),
        (0.99999, ">99 %"),
        (1.0, "100 %"),
    ],
)
def test_percent_never_claims_certainty_it_does_not_have(share: float, text: str) -> None:
    assert wording.percent(share) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.9999, "0.999"), (0.71, "0.710"), (0.29, "0.290"), (1.0, "1.000"), (0.0, "0.000")]
)
def test_scores_are_cut_not_rounded(value: float, text: str) -> None:
    assert wording.score(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(12.44, "+12.4"), (-3.0, "−3.0"), (0.0, "+0.0"), (-0.04, "+0.0"), (-0.06, "−0.1")]
)
def test_bits_carry_their_sign(value: float, text: str) -> None:
    assert wording.bits(value) == text


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (99_449, "99.4 kB"),
        (508_000_000, "508 MB"),
        (999_600, "1.0 MB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_sizes_are_decimal(n: int, text: str) -> None:
    assert wording.size(n) == text


@pytest.mark.parametrize(("bits", "expected"), [(0.0, 0.5), (1.0, 2 / 3), (-1.0, 1 / 3), (3.0, 8 / 9), (-5000.0, 0.0)])
def test_probability_of_bits(bits: float, expected: float) -> None:
    assert wording.probability(bits) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        ("2026-05-02T03:00:11Z", "2026-05-15T22:59:48Z", "2026-05-02 03:00 to 2026-05-15 22:59 UTC (14 days)"),
        ("2026-05-02T03:00:00Z", "2026-05-02T03:00:01Z", "2026-05-02 03:00 to 2026-05-02 03:00 UTC (1 second)"),
        ("2026-05-02T03:00:00Z", "2026-05-02T04:30:00Z", "2026-05-02 03:00 to 2026-05-02 04:30 UTC (90 minutes)"),
        ("2026-05-02T03:00:00Z", "2026-05-03T12:00:00Z", "2026-05-02 03:00 to 2026-05-03 12:00 UTC (33 hours)"),
        ("2026-05-02T09:00:00+09:00", "2026-05-05", "2026-05-02 00:00 to 2026-05-05 00:00 UTC (3 days)"),
        ("2026-05-05", "2026-05-02", "2026-05-05 00:00 to 2026-05-02 00:00 UTC"),
        ("soon\x1b", "", r"soon\x1b to  UTC"),
    ],
)
def test_period(first: str, last: str, text: str) -> None:
    assert wording.period(first, last) == text


@pytest.mark.parametrize(
    ("first", "last", "year", "text"),
    [
        ("2026-05-02T00:00:00Z", "2026-05-15T00:00:00Z", True, "2026-05-02–05-15"),
        ("2026-05-02T00:00:00Z", "2026-05-15T00:00:00Z", False, "05-02–05-15"),
        ("2025-12-30T00:00:00Z", "2026-01-02T00:00:00Z", True, "2025-12-30–2026-01-02"),
        ("2026-05-02T00:00:00Z", "2026-05-02T23:00:00Z", True, "2026-05-02"),
        ("\x1b", "x", True, r"\x1b–x"),
    ],
)
def test_days_of_a_table(first: str, last: str, year: bool, text: str) -> None:
    assert wording.days(first, last, year=year) == text


def test_counted() -> None:
    assert [wording.counted(n, "row") for n in (0, 1, 1_204)] == ["0 rows", "1 row", "1,204 rows"]
    assert wording.counted(2, "query", "queries") == "2 queries"
