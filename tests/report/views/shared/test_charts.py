"""The small charts show what the numbers say."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.report.views.shared.charts import series, sparkline, waterfall
from distillscan.result import Weight


@pytest.mark.parametrize(
    ("values", "drawn"),
    [([], ""), ([0, 0], "··"), ([1, 2, 3, 4, 5, 6, 7, 8], "▁▂▃▄▅▆▇█"), ([0, 1, 1000], "·▁█"), ([5], "█")],
)
def test_sparkline(values: list[int], drawn: str) -> None:
    assert sparkline(values) == drawn


def weights(*bits: float) -> list[Weight]:
    return [Weight("coordination", "network" if place else "prior", value) for place, value in enumerate(bits)]


def test_waterfall_bars_begin_where_the_last_ended() -> None:
    bars, zero = waterfall(weights(-10, 8, 5, -1), 14)
    assert [(bar.start, bar.end) for bar in bars] == [(0, 10), (0, 8), (8, 13), (12, 13), (10, 12)]
    assert [bar.kind for bar in bars] == ["prior", "for", "for", "against", "sum"]
    assert (bars[-1].label, bars[-1].bits, zero) == ("sum", 2, 10)


@given(st.lists(st.floats(-60, 60), min_size=1, max_size=9), st.integers(10, 80))
def test_waterfall_stays_inside_its_width(bits: list[float], width: int) -> None:
    bars, zero = waterfall(weights(*bits), width)
    assert len(bars) == len(bits) + 1
    assert 0 <= zero < width
    for bar in bars:
        assert 0 <= bar.start < bar.end <= width


def test_waterfall_of_nothing_is_a_mark_at_zero() -> None:
    bars, zero = waterfall(weights(0.0, 0.0), 20)
    assert [(bar.start, bar.end) for bar in bars] == [(0, 1)] * 3
    assert zero == 0


def _days(counts: dict[str, int]) -> list[dict[str, Any]]:
    return [{"date": day, "requests": n, "accounts": 1} for day, n in counts.items()]


def test_gaps_in_a_timeline_count_as_nothing() -> None:
    found = series(_days({"2026-05-01": 3, "2026-05-02": 9, "2026-05-05": 1}), 70)
    assert found is not None
    assert found.values == (3, 9, 0, 0, 1)
    assert found.caption == "requests per day, most 9 on 2026-05-02"


def test_several_days_in_one_say_from_when() -> None:
    found = series(_days({f"2026-05-{day:02d}": day for day in range(1, 11)}), 5)
    assert found is not None
    assert found.values == (3, 7, 11, 15, 19)
    assert found.caption == "requests per 2 days, most 19 from 2026-05-09"


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [{}],
        [{"date": "never", "requests": 1}],
        [{"date": 3, "requests": 1}],
        [{"date": "2026-05-01"}],
        [{"date": "2026-05-01", "requests": 1}],
    ],
)
def test_a_timeline_of_something_else_or_of_one_interval_is_not_drawn(entries: list[dict[str, Any]]) -> None:
    assert series(entries, 20) is None


def test_times_and_negative_counts_do_not_break_it() -> None:
    found = series([{"date": "2026-05-01T10:00:00Z", "requests": -5}, {"date": "2026-05-03", "requests": 2}], 2)
    assert found is not None
    assert found.values == (0, 2)
