"""Turn source values of any type into canonical text and whole numbers, the same from Parquet, CSV and NDJSON."""

from collections.abc import Callable
from decimal import Decimal
from math import isfinite
from typing import Final

import polars as pl

from distillscan.read.values.addresses import read_addresses

#: Columns that identify something: "42.0" there is a whole number that went through a float on its way, and means "42".
IDENTIFIERS: Final = frozenset(
    {"account_id", "request_id", "org_id", "api_key_id", "session_id", "device_id", "payment_id"}
)

#: Nineteen centuries before 1970 to as many after it.
_DAYS: Final = 700_000
_TICKS_PER_DAY: Final = {"ms": 86_400 * 10**3, "us": 86_400 * 10**6, "ns": 86_400 * 10**9}
#: What Python makes of a byte that is no UTF-8, and the character it is in Windows-1252.
_WINDOWS_1252: Final = {
    0xDC00 + byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(128, 256)
}

#: Numbers with thousands set apart, as English, French and Swiss write them, and as Germans do.
_GROUPED: Final = r"^[+-]?\d{1,3}(?:[,' \x{a0}\x{202f}]\d{3})+(?:\.\d+)?$"
_GERMAN: Final = r"^[+-]?\d{1,3}(?:\.\d{3})+,\d+$"
_BETWEEN_THOUSANDS: Final = r"[,' \x{a0}\x{202f}]"
_AS_NUMBER: Final = r"(?i)^\s*(?:AS)?\s*0*(\d{1,10})(?:\.0+)?(?:\s.*)?$"


def to_text(raw: pl.Series) -> pl.Series:
    """Return values as text: whole numbers without ``.0``, lists and objects as compact JSON, empty text as null.

    Text itself is never altered: no stripping, no change of line ends.
    """
    raw = tame(raw)
    dtype = raw.dtype
    if dtype == pl.Duration:
        text = to_json(raw).str.strip_chars('"')
    elif dtype.is_float():
        text = _float_text(raw)
    elif dtype.is_decimal():
        text = trim_decimals(raw.cast(pl.String))
    elif dtype == pl.Binary:
        text = decode(raw)
    elif dtype.is_nested():
        text = to_json(raw)
    else:
        text = raw.cast(pl.String)
    empty = text == ""
    return text.set(empty, None) if empty.any() else text


def to_whole(raw: pl.Series) -> pl.Series:
    """Return values as Int64: fractions are cut, what is no number becomes null.

    Of numbers in text, ``1,234`` and ``1 234`` have thousands, ``20,5`` and ``1.234,5`` decimals after the comma.
    """
    dtype = raw.dtype
    if dtype.is_integer() or dtype.is_float():
        return raw.cast(pl.Int64, strict=False)
    if dtype.is_decimal():
        raw = raw.cast(pl.String)
    if raw.dtype != pl.String:
        return pl.Series(raw.name, [None], pl.Int64).new_from_index(0, len(raw))
    text = raw.str.strip_chars()
    whole = text.cast(pl.Int64, strict=False)
    if whole.null_count() > raw.null_count():
        whole = whole.fill_null(text.cast(pl.Float64, strict=False).cast(pl.Int64, strict=False))
    if whole.null_count() > raw.null_count():
        whole = whole.fill_null(_with_points(text).cast(pl.Float64, strict=False).cast(pl.Int64, strict=False))
    return whole


def _with_points(text: pl.Series) -> pl.Series:
    """Numbers with a decimal point and nothing between their thousands; other text as it is."""
    digits = text.str.replace_all(_BETWEEN_THOUSANDS, "")
    english = pl.when(text.str.contains(_GROUPED)).then(digits)
    german = pl.when(text.str.contains(_GERMAN)).then(text.str.replace_all(".", "", literal=True).str.replace(",", "."))
    decimal = text.str.replace(r"^([+-]?\d+),(\d+)$", "${1}.${2}")
    return pl.select(pl.coalesce(english, german, decimal)).to_series()


def canonical_text(canonical: str, raw: pl.Series) -> pl.Series:
    """Return a canonical text column: ``to_text`` plus what its meaning calls for.

    Identifiers lose a trailing ``.0``; ``ip`` becomes the client's address alone (see ``read_addresses``); ``asn``
    becomes the bare number ("AS1234 Example" is "1234"); ``email_domain`` is the lower-case part after the last ``@``,
    so that a column of whole addresses can stand for it.
    """
    text = to_text(raw)
    if canonical in IDENTIFIERS:
        whole = text.str.ends_with(".0")
        return text.str.replace(r"^(-?\d+)\.0$", "$1") if whole.any() else text
    if canonical == "asn":
        return _by_distinct(text, lambda distinct: distinct.str.extract(_AS_NUMBER).fill_null(distinct))
    if canonical == "ip":
        return read_addresses(text).values
    if canonical == "email_domain":
        return _by_distinct(text, lambda distinct: to_text(distinct.str.split("@").list.last().str.to_lowercase()))
    return text


def _by_distinct(text: pl.Series, convert: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Convert each different value once: there are few networks and mail domains."""
    distinct = text.unique()
    converted = convert(distinct)
    if converted.equals(distinct):
        return text
    return text.replace_strict(distinct, converted, return_dtype=pl.String)


def to_json(raw: pl.Series) -> pl.Series:
    """Return each value as compact JSON text; null stays null."""
    wrapped = pl.DataFrame({"v": raw}).select(pl.struct("v").struct.json_encode())["v"]
    # Each is {"v":...}: what is inside is the value itself.
    return wrapped.str.strip_prefix('{"v":').str.head(-1).set(raw.is_null(), None)


def trim_decimals(text: pl.Series) -> pl.Series:
    """Return decimal numbers in text without zeros at the end of their fraction, and without an empty fraction."""
    return text.str.replace(r"(\.\d*?)0+$", "$1").str.strip_suffix(".")


def to_json_objects(frame: pl.DataFrame) -> pl.Series:
    """Return each row of a frame as a compact JSON object."""
    tamed = pl.DataFrame([tame(values) for values in frame])
    return tamed.select(pl.struct(pl.all()).struct.json_encode().alias("record"))["record"]


def tame(raw: pl.Series) -> pl.Series:
    """Return times that no calendar can show (polars gives up on them) as null; everything else as it is."""
    if isinstance(raw.dtype, pl.Datetime):
        most = min(_DAYS * _TICKS_PER_DAY[raw.dtype.time_unit], 2**63 - 1)
    elif raw.dtype == pl.Date:
        most = _DAYS
    else:
        return raw
    wild = ~raw.to_physical().cast(pl.Int64).is_between(-most, most)
    return raw.set(wild, None) if wild.any() else raw


def number_text(value: float) -> str | None:
    """Return a float as text without exponent, without fraction when it is whole; null when it is not finite."""
    return format(Decimal(repr(value)), "f").removesuffix(".0") if isfinite(value) else None


def _float_text(raw: pl.Series) -> pl.Series:
    text = raw.cast(pl.String).str.strip_suffix(".0").set(~raw.is_finite(), None)
    odd = text.str.contains("e", literal=True).fill_null(value=False)
    if odd.any():
        text = text.scatter(odd.arg_true(), [number_text(value) for value in raw.filter(odd)])
    return text


def decode(raw: pl.Series) -> pl.Series:
    """Bytes to text; in values that are not UTF-8 the broken bytes are read as Windows-1252, which extends Latin-1."""
    try:
        return raw.cast(pl.String)
    except pl.exceptions.ComputeError:
        return pl.Series(raw.name, [value if value is None else decode_bytes(value) for value in raw], pl.String)


def as_utf8(text: bytes) -> tuple[bytes, bool]:
    """Return text as UTF-8, other bytes taken for Windows-1252, and whether there were any."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return decode_bytes(text).encode(), True
    return text, False


def decode_bytes(value: bytes) -> str:
    """Return one value as text; different bytes stay different, so that no two accounts become one."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("utf-8", "surrogateescape").translate(_WINDOWS_1252)
