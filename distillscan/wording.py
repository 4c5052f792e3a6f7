"""Numbers, times and counts in words: the same wording wherever people read them."""

import math
from datetime import UTC, datetime
from typing import Final

from distillscan.sanitize import clip

MINUS: Final = "−"
#: Display cells of what should be a time and is none.
NO_TIME: Final = 32


def number(n: int) -> str:
    """``1234567`` as ``1,234,567``."""
    return f"{n:,}"


def compact(n: int) -> str:
    """``1234567`` as ``1.2M``, for narrow columns; rounded down, so that 999,999 does not become a million."""
    for unit, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if n >= 10 * unit or (n >= unit and unit > 10**3):
            return f"{math.floor(n / unit * 10) / 10:.1f}{letter}"
    return number(n)


def counted(n: int, noun: str, plural: str | None = None) -> str:
    """``1 cluster``, ``2 clusters``."""
    return f"{number(n)} {noun if n == 1 else plural or noun + 's'}"


def size(n_bytes: int) -> str:
    """A number of bytes in decimal units, as disks and ``ls --si`` count them."""
    amount, units = float(n_bytes), ["B", "kB", "MB", "GB", "TB"]
    while amount >= 999.5 and len(units) > 1:
        amount /= 1000
        del units[0]
    return f"{amount:.0f} {units[0]}" if units[0] == "B" or amount >= 99.5 else f"{amount:.1f} {units[0]}"


def percent(share: float) -> str:
    """A share or probability; never 0 % or 100 % unless it is exactly that."""
    if share <= 0 or share >= 1:
        return f"{100 * (share >= 1)} %"
    if share < 0.01:
        return "<1 %"
    return ">99 %" if share > 0.99 else f"{share * 100:.0f} %"


def score(value: float) -> str:
    """A score with three places, cut rather than rounded: 0.9999 must not read as certainty."""
    return f"{math.floor(value * 1000 + 1e-9) / 1000:.3f}"


def bits(value: float) -> str:
    """A weight in bits with its sign: ``+12.4``, ``−3.0``."""
    rounded = round(value, 1)
    return f"{MINUS if rounded < 0 else '+'}{abs(rounded):.1f}"


def probability(total_bits: float) -> float:
    """The probability that odds of ``2 ** total_bits`` stand for."""
    return 1 / (1 + 2 ** min(-total_bits, 1000.0))


def moment(iso: str) -> datetime | None:
    """An ISO 8601 time (or date) in UTC; ``None`` when the text is no time."""
    try:
        parsed = datetime.fromisoformat(iso)
    except ValueError:
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def minute(iso: str) -> str:
    """``2026-05-02T03:00:59Z`` as ``2026-05-02 03:00``."""
    when = moment(iso)
    return clip(iso, NO_TIME) if when is None else f"{when:%Y-%m-%d %H:%M}"


def lasting(first: str, last: str) -> str:
    """How long a period is, in the unit one would say; empty when an end is no time."""
    start, end = moment(first), moment(last)
    if start is None or end is None or end < start:
        return ""
    length = (end - start).total_seconds()
    for unit, seconds in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if length >= 2 * seconds:
            return counted(round(length / seconds), unit)
    return counted(round(length), "second")


def period(first: str, last: str) -> str:
    """``2026-05-02 03:00 to 2026-05-16 22:59 UTC (15 days)``."""
    length = lasting(first, last)
    return f"{minute(first)} to {minute(last)} UTC" + (f" ({length})" if length else "")


def days(first: str, last: str, *, year: bool) -> str:
    """``2026-05-02–05-16`` for a table; without the year, ``05-02–05-16``; one day once."""
    start, end = moment(first), moment(last)
    if start is None or end is None:
        return clip(f"{first}–{last}", NO_TIME)
    head = f"{start:%Y-%m-%d}" if year else f"{start:%m-%d}"
    if start.date() == end.date():
        return head
    return f"{head}–{end:%Y-%m-%d}" if year and start.year != end.year else f"{head}–{end:%m-%d}"
