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
from distillscan.read.values.dates import EITHER, ISO, PLAIN, DateOrder, read_dates
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

#: A number as a spreadsheet shows it where the column is too narrow: the digits that tell minutes are gone.
SHORTENED: Final = r"^\s*-?\d(?:\.\d{1,5})?E\+\d+\s*$"
AskOrder = Callable[[], DateOrder | None]
AskSerial = Callable[[], bool]
#: Days since the end of 1899, as spreadsheets count them: of the years 2000 to 2099. Days before 1970.
SERIALS: Final = (36_526, 73_051)
_DAYS_BEFORE: Final = 25_569
_SERIAL: Final = (
    "is a number: read as days since 1899, as spreadsheets write dates, since all of the log are such numbers; it "
    + NO_ZONE
)
_Step = Callable[[pl.Series, set[str]], pl.Series]


@dataclass(frozen=True, slots=True)
class Times:
    """Parsed times (null where there is none) and which rows had no value at all, with what had to be assumed."""

    values: pl.Series
    missing: pl.Series
    assumed: frozenset[str]


def parse_times(raw: pl.Series, order: AskOrder = lambda: None, serial: AskSerial = lambda: False) -> Times:
    """Read times of any type: datetimes, dates, epoch numbers or text. Out-of-range times (before 1971) become null.

    ``order`` is asked if there are dates that can be read day first or month first; they are null if it does not know.
    ``serial`` is asked if there are numbers that may be a spreadsheet's dates (45992.5), null if they are not.
    """
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
        values = _from_text(text, assumed, order)
    else:
        values = pl.Series(raw.name, [None], TIMESTAMP).new_from_index(0, len(raw))
    values = _in_range(values)
    if values.null_count() > raw.null_count() and (dtype == pl.String or dtype.is_numeric()):
        values = _from_serials(values, raw, assumed, serial)
    return Times(values, missing, frozenset(assumed))


def serial_numbers(raw: pl.Series) -> pl.Series:
    """Return values that are numbers, or numbers in text with a decimal point or comma, as such; null others."""
    if raw.dtype.is_numeric():
        return raw.cast(pl.Float64)
    text = raw.str.strip_chars().str.extract(r"^(\d{1,18}(?:[.,]\d+)?)$").str.replace(",", ".", literal=True)
    return text.cast(pl.Float64, strict=False)


def _from_serials(values: pl.Series, raw: pl.Series, assumed: set[str], ask: AskSerial) -> pl.Series:
    days = serial_numbers(raw)
    fits = (values.is_null() & (days >= SERIALS[0]) & (days < SERIALS[1])).fill_null(value=False)
    if not fits.any() or not ask():
        return values
    assumed.add(_SERIAL)
    millis = ((days.filter(fits) - _DAYS_BEFORE) * 86_400_000).round().cast(pl.Int64)
    return values.scatter(fits.arg_true(), (millis * 1_000).cast(TIMESTAMP))


def _from_calendar(raw: pl.Series, assumed: set[str]) -> pl.Series:
    times = raw.cast(pl.Datetime("us")) if raw.dtype == pl.Date else raw.dt.cast_time_unit("us")
    if isinstance(times.dtype, pl.Datetime) and times.dtype.time_zone is not None:
        return times.dt.convert_time_zone("UTC")
    assumed.update({NO_ZONE} if times.count() else ())
    return times.dt.replace_time_zone("UTC")


def _from_number(raw: pl.Series, assumed: set[str]) -> pl.Series:
    if raw.dtype.is_integer():
        whole = raw.cast(pl.Int64, strict=False)
        return _first_of(whole, (_epoch, lambda part, said: _dates(part.cast(pl.String), said, pattern=ISO)), assumed)
    if raw.dtype.is_float():
        return _epoch(raw.cast(pl.Float64), assumed)
    return _from_text(raw.cast(pl.String), assumed, lambda: None)


def _from_text(text: pl.Series, assumed: set[str], order: AskOrder) -> pl.Series:
    quick = (partial(_zoned, separator="T"), partial(_zoned, separator=" "), _whole)
    dates = [partial(_dates, pattern=pattern) for pattern in (ISO, *PLAIN)]
    return _first_of(text, (*quick, dates[0], _decimal, *dates[1:], partial(_ordered_dates, order=order)), assumed)


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


def _whole(text: pl.Series, assumed: set[str]) -> pl.Series:
    return _epoch(text.cast(pl.Int64, strict=False), assumed)


def _decimal(text: pl.Series, assumed: set[str]) -> pl.Series:
    exact = text.set(text.str.contains(SHORTENED), None).str.replace(r"^(\d+),(\d+)$", "${1}.${2}")
    return _epoch(exact.cast(pl.Float64, strict=False), assumed)


def _dates(text: pl.Series, assumed: set[str], *, pattern: str) -> pl.Series:
    times, zoneless = read_dates(text, pattern)
    assumed.update({NO_ZONE} if zoneless else ())
    return times


def _ordered_dates(text: pl.Series, assumed: set[str], *, order: AskOrder) -> pl.Series:
    """Dates with day and month in either order: the log decides."""
    known = order() if text.str.contains(EITHER).any() else None
    if known is None:
        return pl.Series([None], dtype=TIMESTAMP).new_from_index(0, len(text))
    times, zoneless = read_dates(text, EITHER, known)
    assumed.update({NO_ZONE} if zoneless else ())
    return times


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
