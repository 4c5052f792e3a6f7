"""Dates as spreadsheets, dashboards, mail programs and web servers write them, taken apart and put together as UTC."""

from typing import Final, Literal

import polars as pl

from distillscan.columns import TIMESTAMP

DateOrder = Literal["day-first", "month-first"]

_WEEKDAY: Final = r"(?i)^(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_CLOCK: Final = (
    r"(?:(?:,?\s*@\s*|,?\s+at\s+|[\s,]+|T|:)(?<hour>\d{1,2})[:.](?<minute>\d{2})"
    r"(?:[:.](?<second>\d{2})(?:[.,:](?<fraction>\d{1,6})\d*)?)?(?:\s*(?<half>[ap])\.?\s?m\.?)?)?"
)
_ZONE: Final = r"(?:[\s,]*\(?(?<zone>Z|(?:UTC|GMT)?[+-]\d{2}(?::?\d{2})?|UTC|GMT)\)?(?:\s*\([^()]*\))?)?$"
_MONTH: Final = r"(?<month>(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)"
_NAMES: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMBERS: Final = {name: str(number) for number, name in enumerate(_NAMES, 1)}

#: ISO 8601, extended or basic, with or without time, fraction and zone; finer than a microsecond is cut.
ISO: Final = (
    r"^(?<year>\d{4})-?(?<month>\d{2})-?(?<day>\d{2})"
    r"(?:[Tt ]?\s*(?<hour>\d{2}):?(?<minute>\d{2})(?::?(?<second>\d{2})(?:[.,](?<fraction>\d{1,6})\d*)?)?)?"
    r"(?:\s*(?<zone>[Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?$"
)
#: Forms in which the order of day and month is plain.
PLAIN: Final = (
    # 2026/7/1 3:00
    rf"(?i)^(?<year>\d{{4}})[./-](?<month>\d{{1,2}})[./-](?<day>\d{{1,2}}){_CLOCK}{_ZONE}",
    # Jul 1, 2026 @ 03:00:00.000 (Kibana); July 1, 2026 3:00 AM
    rf"{_WEEKDAY}{_MONTH}\.?\s+(?<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?<year>\d{{4}}){_CLOCK}{_ZONE}",
    # 01/Jul/2026:03:00:00 +0000 (web servers); Wed, 01 Jul 2026 03:00:00 GMT (mail); 1-Jul-26 (Excel)
    rf"{_WEEKDAY}(?<day>\d{{1,2}})(?:st|nd|rd|th|\.)?[\s/-]+{_MONTH}\.?[\s,/-]+(?<year>\d{{4}}|\d{{2}}){_CLOCK}{_ZONE}",
    # Wed Jul  1 03:00:00 2026 (C)
    rf"{_WEEKDAY}{_MONTH}\s+(?<day>\d{{1,2}})\s+(?<hour>\d{{2}}):(?<minute>\d{{2}}):(?<second>\d{{2}})"
    r"\s+(?:(?<zone>UTC|GMT|[+-]\d{4})\s+)?(?<year>\d{4})$",
    # 01.07.2026 03:00:00: with dots, the day comes first everywhere
    rf"{_WEEKDAY}(?<day>\d{{1,2}})\.(?<month>\d{{1,2}})\.(?<year>\d{{4}}|\d{{2}}){_CLOCK}{_ZONE}",
)
#: 7/1/2026 3:00 or 07-01-26, where nothing but other dates of the log can tell what comes first.
EITHER: Final = rf"{_WEEKDAY}(?<one>\d{{1,2}})[/-](?<two>\d{{1,2}})[/-](?<year>\d{{4}}|\d{{2}}){_CLOCK}{_ZONE}"
_PARTS: Final = ("year", "month", "day", "hour", "minute", "second", "fraction", "half", "zone")


def read_dates(text: pl.Series, pattern: str, order: DateOrder | None = None) -> tuple[pl.Series, bool]:
    """Read the dates of one form as UTC; null what is none. Also return whether any of them names no zone.

    ``order`` is needed for the form ``EITHER``.
    """
    found = text.str.extract_groups(pattern).struct.unnest()
    if order is not None:
        day_first = order == "day-first"
        found = found.rename({"one": "day", "two": "month"} if day_first else {"one": "month", "two": "day"})
    parts = found.with_columns(pl.lit(None, pl.String).alias(name) for name in _PARTS if name not in found.columns)
    hour = pl.col("hour").cast(pl.Int64)
    halves = pl.when(pl.col("half").str.to_lowercase() == "p").then(12).otherwise(0)
    written = pl.when(pl.col("half").is_not_null() & (hour <= 12)).then(hour % 12 + halves).otherwise(hour)
    names = pl.col("month").str.to_lowercase().str.head(3)
    clock = pl.concat_str(
        pl.when(pl.col("year").str.len_bytes() == 2).then("20" + pl.col("year")).otherwise(pl.col("year")),
        names.replace(_NUMBERS).str.zfill(2),
        pl.col("day").str.zfill(2),
        written.cast(pl.String).fill_null("0").str.zfill(2),
        pl.col("minute", "second").fill_null("00"),
    )
    micros = pl.col("fraction").str.pad_end(6, "0").cast(pl.Int64).fill_null(0)
    zone = pl.col("zone").str.replace_many(["UTC", "GMT", ":"], ["", "", ""], ascii_case_insensitive=True)
    sign = pl.when(zone.str.starts_with("-")).then(-1).when(zone.str.starts_with("+")).then(1).otherwise(0)
    hours, minutes = (zone.str.slice(at, 2).cast(pl.Int64, strict=False).fill_null(0) for at in (1, 3))
    local = clock.str.strptime(pl.Datetime("us"), "%Y%m%d%H%M%S", strict=False).cast(pl.Int64) + micros
    utc = (local - sign * (hours * 60 + minutes) * 60_000_000).cast(TIMESTAMP)
    read = parts.select(utc.alias("utc"), zoneless=utc.is_not_null() & zone.is_null())
    return read["utc"], bool(read["zoneless"].any())
