"""Turn whatever a log has for a time into UTC, value by value, so that the outcome never depends on batches or files.

Numbers are epoch times, their unit known by magnitude (all between March 1973 and November 2286):

    seconds      1e8 to 1e10      milliseconds 1e11 to 1e13
    microseconds 1e14 to 1e16     nanoseconds  1e17 and above

Other numbers are understood only as ``YYYYMMDD`` or ``YYYYMMDDhhmmss``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

import polars as pl

from distillscan.columns import TIMESTAMP
from distillscan.read.values.text import tame

NO_ZONE: Final = "has no time zone: read as UTC"

#: 1970 is what a time that was never set becomes, in some zone; far futures would overflow what follows.
EARLIEST: Final = datetime(1971, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2262, 1, 1, tzinfo=UTC)

#: Unit, lowest and highest (exclusive) number, and microseconds per unit as numerator and denominator.
_UNITS: Final = (
    ("seconds", 10**8, 10**10, 1_000_000, 1),
    ("milliseconds", 10**11, 10**13, 1_000, 1),
    ("microseconds", 10**14, 10**16, 1, 1),
    ("nanoseconds", 10**17, 2**63 - 1, 1, 1_000),
)

_ISO: Final = (
    r"^(\d{4})-?(\d{2})-?(\d{2})"
    r"(?:[Tt ]?\s*(\d{2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,6})\d*)?)?)?"
    r"(?:\s*([Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?$"
)
_Step = Callable[[pl.Series, set[str]], pl.Series]


@dataclass(frozen=True, slots=True)
class Times:
    """Parsed times (null where there is none) and which rows had no value at all, with what had to be assumed."""

    values: pl.Series
    missing: pl.Series
    assumed: frozenset[str]


def parse_times(raw: pl.Series) -> Times:
    """Read times of any type: datetimes, dates, epoch numbers or text. Out-of-range times (before 1971) become null."""
    assumed: set[str] = set()
    dtype = raw.dtype
    if dtype.is_float():
        raw = raw.fill_nan(None)
    missing = raw.is_null()
    if isinstance(dtype, (pl.Datetime, pl.Date)):
        values = _from_calendar(tame(raw), assumed)
    elif dtype.is_numeric():
        values = _from_number(raw, assumed)
    elif dtype == pl.String:
        text = raw.str.strip_chars()
        missing = missing | (text == "").fill_null(value=False)
        values = _from_text(text, assumed)
    else:
        values = pl.Series(raw.name, [None], TIMESTAMP).new_from_index(0, len(raw))
    return Times(_in_range(values), missing, frozenset(assumed))


def _from_calendar(raw: pl.Series, assumed: set[str]) -> pl.Series:
    times = raw.cast(pl.Datetime("us")) if raw.dtype == pl.Date else raw.dt.cast_time_unit("us")
    if isinstance(times.dtype, pl.Datetime) and times.dtype.time_zone is not None:
        return times.dt.convert_time_zone("UTC")
    assumed.update({NO_ZONE} if times.count() else ())
    return times.dt.replace_time_zone("UTC")


def _from_number(raw: pl.Series, assumed: set[str]) -> pl.Series:
    if raw.dtype.is_integer():
        whole = raw.cast(pl.Int64, strict=False)
        return _first_of(whole, (_epoch, lambda part, said: _from_iso(part.cast(pl.String), said)), assumed)
    return _epoch(raw.cast(pl.Float64), assumed) if raw.dtype.is_float() else _from_text(raw.cast(pl.String), assumed)


def _from_text(text: pl.Series, assumed: set[str]) -> pl.Series:
    quick = (partial(_zoned, separator="T"), partial(_zoned, separator=" "), partial(_number, dtype=pl.Int64()))
    return _first_of(text, (*quick, _from_iso, partial(_number, dtype=pl.Float64())), assumed)


def _first_of(raw: pl.Series, steps: Sequence[_Step], assumed: set[str]) -> pl.Series:
    """Try each step on every value that is still open, so that the outcome depends on the value alone."""
    values = pl.Series(raw.name, [None], TIMESTAMP).new_from_index(0, len(raw))
    for step in steps:
        left = values.is_null() & raw.is_not_null()
        if left.all():
            values = step(raw, assumed)
        elif left.any():
            values = values.scatter(left.arg_true(), step(raw.filter(left), assumed))
    return values


def _zoned(text: pl.Series, _: set[str], *, separator: str) -> pl.Series:
    """What most logs write, read without a regular expression."""
    return text.str.strptime(TIMESTAMP, f"%Y-%m-%d{separator}%H:%M:%S%.f%#z", strict=False)


def _number(text: pl.Series, assumed: set[str], *, dtype: pl.DataType) -> pl.Series:
    return _epoch(text.cast(dtype, strict=False), assumed)


def _from_iso(text: pl.Series, assumed: set[str]) -> pl.Series:
    """ISO 8601, extended or basic, with or without time, fraction and zone; finer than a microsecond is cut."""
    part = text.str.extract_groups(_ISO).struct.unnest()
    clock = pl.concat_str(pl.col("1", "2", "3"), pl.col("4", "5", "6").fill_null("00"))
    fraction = pl.col("7").str.pad_end(6, "0").cast(pl.Int64).fill_null(0)
    zone = pl.col("8").str.replace_all(":", "")
    sign = pl.when(zone.str.starts_with("-")).then(-1).when(zone.str.starts_with("+")).then(1).otherwise(0)
    hours = zone.str.slice(1, 2).cast(pl.Int64, strict=False).fill_null(0)
    minutes = zone.str.slice(3, 2).cast(pl.Int64, strict=False).fill_null(0)
    local = clock.str.strptime(pl.Datetime("us"), "%Y%m%d%H%M%S", strict=False).cast(pl.Int64) + fraction
    utc = (local - sign * (hours * 60 + minutes) * 60_000_000).cast(TIMESTAMP)
    frame = part.select(utc.alias("utc"), zoneless=utc.is_not_null() & zone.is_null())
    assumed.update({NO_ZONE} if frame["zoneless"].any() else ())
    return frame["utc"]


def _epoch(number: pl.Series, assumed: set[str]) -> pl.Series:
    """Epoch numbers to times, each by its own magnitude; null where the magnitude is that of no unit."""
    values = pl.Series(number.name, [None], pl.Int64).new_from_index(0, len(number))
    for unit, low, high, times, over in _UNITS:
        fits = ((number >= low) & (number < high)).fill_null(value=False)
        if not fits.any():
            continue
        assumed.add(f"is a number: read as epoch {unit}")
        part = number.filter(fits)
        # Whole and fraction apart: multiplying them together would round away the last microsecond.
        exact = part.cast(pl.Int64) * times // over
        if part.dtype.is_float() and times > 1:
            exact += ((part - part.floor()) * times).round().cast(pl.Int64)
        values = values.scatter(fits.arg_true(), exact)
    return values.cast(TIMESTAMP)


def _in_range(values: pl.Series) -> pl.Series:
    inside = values.is_between(EARLIEST, LATEST, closed="left")
    return values if inside.all() else values.set(~inside, None)
