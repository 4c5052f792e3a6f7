"""Times of every kind become UTC, each by itself."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.columns import TIMESTAMP
from distillscan.read.values.dates import DateOrder
from distillscan.read.values.timestamps import NO_ZONE, parse_times

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def at(**parts: int) -> datetime:
    return NOON + timedelta(**parts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T12:00:00Z", NOON),
        ("2026-01-02T12:00:00z", NOON),
        ("2026-01-02 12:00:00+00:00", NOON),
        ("2026-01-02 12:00:00 UTC", NOON),
        ("2026-01-02T14:30:00+0230", NOON),
        ("2026-01-02T14:00:00.250+02", at(milliseconds=250)),
        ("2026-01-02 09:30:00.5-02:30", at(milliseconds=500)),
        ("2026-01-02T12:00:00,25", at(milliseconds=250)),
        ("2026-01-02T12:00:00.123456789", at(microseconds=123456)),
        ("2026-01-02T12:00:00.123456789123Z", at(microseconds=123456)),
        ("2026-01-02 12:00", NOON),
        ("2026-01-02", at(hours=-12)),
        ("20260102", at(hours=-12)),
        ("20260102120000", NOON),
        ("20260102T120000Z", NOON),
        ("  2026-01-02T12:00:00Z ", NOON),
        ("1767355200", NOON),
        ("1767355200.25", at(milliseconds=250)),
        ("1767355200000", NOON),
        ("1767355200000000", NOON),
        ("1767355200000000999", NOON),
        ("1.7673552e9", NOON),
        ("2026-02-30", None),
        ("2026-01-02T25:00:00Z", None),
        ("12", None),
        ("99999999999", None),
        ("yesterday", None),
        ("nan", None),
        ("1969-12-31T23:59:59Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("2262-01-01T00:00:00Z", None),
        ("2261-12-31T23:59:59Z", datetime(2261, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("1971-01-01", datetime(1971, 1, 1, tzinfo=UTC)),
    ],
)
def test_text(text: str, expected: datetime | None) -> None:
    alone = parse_times(pl.Series([text]))
    assert alone.values.to_list() == [expected]
    assert alone.missing.to_list() == [False]
    among_others = parse_times(pl.Series(["2026-01-02 12:00:00.5+00:00", text, "1767355200", None, "2026-01-02"]))
    assert among_others.values.to_list() == [at(milliseconds=500), expected, NOON, None, at(hours=-12)]


FIVE = datetime(2026, 7, 1, 5, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Jul 1, 2026 @ 05:04:00.000", FIVE),
        ("July 1, 2026 5:04 AM", FIVE),
        ("Wednesday, July 1, 2026 at 5:04:00 PM", FIVE + timedelta(hours=12)),
        ("01/Jul/2026:05:04:00 +0000", FIVE),
        ("Wed, 01 Jul 2026 05:04:00 GMT", FIVE),
        ("Wed, 1 Jul 2026 07:04:00 +0200", FIVE),
        ("Wed Jul  1 05:04:00 2026", FIVE),
        ("Wed Jul 1 05:04:00 UTC 2026", FIVE),
        ("Wed Jul 01 2026 07:04:00 GMT+0200 (Central European Summer Time)", FIVE),
        ("1-Jul-26 5:04", FIVE),
        ("2026/07/01 05:04:00", FIVE),
        ("2026-7-1 5:04", FIVE),
        ("01.07.2026 05:04:00", FIVE),
        ("1.7.26 5:04", FIVE),
        ("1782882240,0", FIVE),
        ("31.06.2026 05:04", None),
        ("Jly 1, 2026", None),
        ("1.78287E+12", None),
    ],
)
def test_dates_as_dashboards_mail_and_spreadsheets_write_them(text: str, expected: datetime | None) -> None:
    assert parse_times(pl.Series([text])).values.to_list() == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "7/1/2026 5:04",
        "07/01/26 05:04",
        "7-1-2026 5:04",
        "7/1/2026, 5:04:00.000 AM",
        "7/1/2026 5:04:00\u202fAM",
        "7/1/2026 5:04 a. m.",
        "Wed 7/1/2026 05:04 UTC",
    ],
)
def test_dates_of_either_order_are_read_as_the_log_has_them(text: str) -> None:
    assert parse_times(pl.Series([text])).values.to_list() == [None]
    assert parse_times(pl.Series([text]), lambda: "month-first").values.to_list() == [FIVE]
    assert parse_times(pl.Series([text]), lambda: "day-first").values.dt.month().to_list() == [1]


@pytest.mark.parametrize(
    ("text", "hour"), [("12:00 AM", 0), ("1:00 am", 1), ("12:30 PM", 12), ("11:00 p.m.", 23), ("13:00 PM", 13)]
)
def test_hours_before_and_after_noon(text: str, hour: int) -> None:
    assert parse_times(pl.Series([f"1 Jul 2026 {text}"])).values.dt.hour().to_list() == [hour]


def test_nobody_is_asked_for_an_order_that_no_date_needs() -> None:
    def refuse() -> DateOrder:
        raise AssertionError

    texts = ["2026-07-01", "01.07.2026", "Jul 1, 2026", "1/Jul/2026", "nothing", None]
    assert parse_times(pl.Series(texts), refuse).values.null_count() == 2


@pytest.mark.parametrize("text", [None, "", "  ", "\t"])
def test_blank_text_is_missing_rather_than_not_understood(text: str | None) -> None:
    times = parse_times(pl.Series([text, "x"], dtype=pl.String))
    assert (times.values.to_list(), times.missing.to_list()) == ([None, None], [True, False])


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (pl.Series([1767355200, 1767355200000, None]), [NOON, NOON, None]),
        (pl.Series([1767355200], dtype=pl.UInt32), [NOON]),
        (pl.Series([2**63], dtype=pl.UInt64), [None]),
        (pl.Series([20260102, 20260102120000, 20261399, -5, 0]), [at(hours=-12), NOON, None, None, None]),
        (pl.Series([1767355200.25, float("nan"), None, float("inf")]), [at(milliseconds=250), None, None, None]),
        (pl.Series([1767355200.123456]), [at(microseconds=123456)]),
        (
            pl.Series([1767355200250.0, 1.76735520025e15, 1.7673552e18]),
            [at(milliseconds=250), at(milliseconds=250), NOON],
        ),
        (pl.Series([Decimal("1767355200.25")]), [at(milliseconds=250)]),
        (pl.Series([date(2026, 1, 2), None]), [at(hours=-12), None]),
        (pl.Series([datetime(2026, 1, 2, 12)]), [NOON]),
        (pl.Series([datetime(2026, 1, 2, 12)]).cast(pl.Datetime("ns")), [NOON]),
        (pl.Series([NOON]).dt.convert_time_zone("Asia/Kolkata").cast(pl.Datetime("ms", "Asia/Kolkata")), [NOON]),
        (pl.Series([2**62, 1767355200000]).cast(pl.Datetime("ms")), [None, NOON]),
        (pl.Series([None, None]), [None, None]),
        (pl.Series([True]), [None]),
    ],
)
def test_typed_values(raw: pl.Series, expected: list[datetime | None]) -> None:
    times = parse_times(raw)
    assert times.values.dtype == TIMESTAMP
    assert times.values.to_list() == expected


def test_a_float_that_is_no_number_is_a_missing_value() -> None:
    assert parse_times(pl.Series([float("nan"), None, 5.0])).missing.to_list() == [True, True, False]
    assert parse_times(pl.Series([True, None])).missing.to_list() == [False, True]


@pytest.mark.parametrize(
    ("values", "assumed"),
    [
        (["2026-01-02T12:00:00Z"], set()),
        (["2026-01-02T12:00:00Z", "2026-01-02T12:00:00"], {NO_ZONE}),
        (["2026-01-02"], {NO_ZONE}),
        (["2026-02-30"], set()),
        (["1767355200"], {"is a number: read as epoch seconds"}),
        (
            ["1767355200000", "1767355200000000"],
            {f"is a number: read as epoch {unit}" for unit in ("milliseconds", "microseconds")},
        ),
        ([1767355200 * 10**9], {"is a number: read as epoch nanoseconds"}),
        ([datetime(2026, 1, 2)], {NO_ZONE}),
        ([NOON], set()),
        ([date(2026, 1, 2)], {NO_ZONE}),
        ([None, None], set()),
    ],
)
def test_what_was_assumed_is_said(values: list[Any], assumed: set[str]) -> None:
    assert parse_times(pl.Series(values)).assumed == assumed


def test_a_column_of_nulls_assumes_nothing() -> None:
    for dtype in (pl.Date(), pl.Datetime("us"), pl.String(), pl.Int64(), pl.Float64()):
        times = parse_times(pl.Series([None, None], dtype=dtype))
        assert times.assumed == frozenset()
        assert times.missing.to_list() == [True, True]
        assert times.values.to_list() == [None, None]


# Seconds as a float tell microseconds apart until 2242.
MOMENTS = st.datetimes(datetime(1974, 1, 1), datetime(2242, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(MOMENTS, ZONES)
def test_every_spelling_of_a_moment_is_that_moment(moment: datetime, zone: timezone) -> None:
    whole = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    spellings = [
        moment.isoformat(),
        moment.astimezone(zone).isoformat(" "),
        moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        moment.strftime("%Y-%m-%d %H:%M:%S.%f UTC"),
        moment.strftime("%Y%m%dT%H%M%S.%f"),
        str(whole),
        str(whole * 1000 + 999),
        f"{whole // 10**6}.{whole % 10**6:06}",
    ]
    assert parse_times(pl.Series(spellings)).values.to_list() == [moment] * len(spellings)
    assert parse_times(pl.Series([whole, whole * 1000])).values.to_list() == [moment, moment]
