"""Make canonical columns out of what a schema's paths gave: alternatives, times, and the texts in logged bodies."""

from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl

from distillscan.columns import CARRIED, READABLE, TIMESTAMP
from distillscan.errors import InputError
from distillscan.read.bodies.columns import NOTHING, PROBLEM, body_slot, read_body_texts
from distillscan.read.bodies.tools import image_counts, tool_names
from distillscan.read.notes import Notes
from distillscan.read.schema.model import Column
from distillscan.read.schema.resolve import Resolution, slot
from distillscan.read.values.text import to_text, to_whole
from distillscan.read.values.timestamps import parse_times

#: What tells a year, and which one is taken where none is told: one with a 29th of February.
_YEARS: Final = ("%Y", "%y", "%D", "%F", "%c", "%s", "%+", "%x")
_SOME_YEAR: Final = 2000
_MICROSECONDS: Final = {"s": 1_000_000, "ms": 1_000, "us": 1}


def shape(
    resolution: Resolution, given: Mapping[str, pl.Series], notes: Notes, where: tuple[int, int]
) -> dict[str, pl.Series]:
    """Return the wanted canonical columns, in types that ``convert`` takes.

    Args:
        resolution: Where the file keeps them.
        given: Columns of a chunk: canonical ones as they are, and the slots of the schema.
        notes: Receives what was assumed and what could not be read.
        where: Source and first row of the chunk.
    """
    found = {name: values for name, values in given.items() if name in resolution.wanted}
    schema = resolution.schema
    if schema is None:
        return found
    direct = frozenset(found)
    for name, column in schema.columns.items():
        places = [given[slot] for slot in resolution.slots(column.paths)] if name in resolution.wanted else []
        if places and name not in direct:
            found[name] = _column(name, column, places, notes)
    for name, values in _read_bodies(resolution, given, notes, where).items():
        if name in resolution.wanted and name not in direct:
            found[name] = to_text(found[name]).fill_null(values) if name in found else values
    return found


def _read_bodies(
    resolution: Resolution, given: Mapping[str, pl.Series], notes: Notes, where: tuple[int, int]
) -> dict[str, pl.Series]:
    """The columns that bodies hold; a system prompt kept apart wins over the request's."""
    texts: dict[str, pl.Series] = {}
    for part, slots in resolution.body_slots.items():
        read = given.get(body_slot(part))  # bodies that were read with the file
        if read is None:
            text = _coalesce(_something(to_text(given[slot])) for slot in slots)
            read = read_body_texts(part, text, resolution.wanted, last_turn=resolution.last_turn)
        columns = read.struct.unnest()
        for reason, count in columns[PROBLEM].drop_nulls().value_counts(sort=False).iter_rows():
            notes.count(f"the {part} of {{count}} rows could not be read in full ({reason})", where, count)
        for values in columns.drop(PROBLEM):
            texts[values.name] = values.fill_null(texts[values.name]) if values.name in texts else values
    return texts


def refuse(resolution: Resolution, given: Mapping[str, pl.Series], label: str) -> None:
    """Stop at what the schema says cannot be analysed.

    Raises:
        InputError: If there is such a value; the message is the schema's.
    """
    for one in resolution.schema.refuse if resolution.schema else ():
        values = given.get(slot(one.path))
        if values is not None and to_text(values).str.contains(one.pattern).any():
            raise InputError(f"{label}: {one.message}")


def no_requests(resolution: Resolution, given: Mapping[str, pl.Series]) -> pl.Series | None:
    """Return why each row is no request (null: it is one), or ``None`` when every row is."""
    schema = resolution.schema
    if schema is None:
        return None
    if schema.totals is not None:
        rows = max(map(len, given.values()), default=0)
        return pl.Series("reason", [schema.totals], pl.String).new_from_index(0, rows)
    reasons: list[pl.Series] = []
    for keep in schema.keep:
        if slots := resolution.slots(keep.paths):
            value = _coalesce(to_text(given[slot]) for slot in slots)
            good = value.is_in(list(keep.values)).fill_null(value=False) if keep.values else value.is_not_null()
            if not good.all():
                reasons.append(pl.select(pl.when(~good).then(pl.lit(keep.why))).to_series())
    return _coalesce(reasons).alias("reason") if reasons else None


def _column(name: str, column: Column, raw: list[pl.Series], notes: Notes) -> pl.Series:
    values = raw
    if column.pattern is not None:
        values = [to_text(to_text(value).str.extract(column.pattern, 1)) for value in values]
    if column.ignore:
        values = [text.set(text.is_in(list(column.ignore)), None) for text in map(to_text, values)]
    if READABLE[name] == TIMESTAMP:
        times = _coalesce(_times(name, column, value, notes, alone=len(values) == 1) for value in values)
        return _with_unread(times, _coalesce(map(to_text, raw)))
    if column.pattern is None and name in CARRIED:
        return _coalesce(to_text(tool_names(value) if name == "tools" else image_counts(value)) for value in values)
    if column.pattern is None and READABLE[name] == pl.Int64:
        return _coalesce(map(to_whole, values))
    return _coalesce(map(to_text, values))


def _times(name: str, column: Column, values: pl.Series, notes: Notes, *, alone: bool) -> pl.Series:
    """Times as the column says they are written; else as they come if they are ``alone``, for the general rules."""
    if column.format is not None:
        text, pattern = to_text(values), column.format
        if not any(year in pattern for year in _YEARS):
            notes.add(f"{name} has no year: read as of {_SOME_YEAR}")
            text, pattern = text.str.replace("^", f"{_SOME_YEAR} "), f"%Y {pattern}"
        zoned = any(zone in pattern for zone in ("%z", "%:z", "%#z"))
        dtype = TIMESTAMP if zoned else pl.Datetime("us")
        return text.str.strptime(dtype, pattern, strict=False).cast(TIMESTAMP)
    if column.unit is not None:
        return _epoch(values, column.unit)
    if alone:
        return values
    parsed = parse_times(values)
    for assumed in parsed.assumed:
        notes.add(f"{name} {assumed}")
    return parsed.values


def _with_unread(times: pl.Series, texts: pl.Series) -> pl.Series:
    """Times, with what could not be read as one as the text it is, so that its row is told from one without a time."""
    unread = times.is_null() & texts.is_not_null()
    if times.dtype != TIMESTAMP or not unread.any():
        return times
    return times.dt.to_string("iso:strict").scatter(unread.arg_true(), texts.filter(unread))


def _epoch(values: pl.Series, unit: str) -> pl.Series:
    """Times from numbers that count ``unit``: whole numbers exactly, fractions to the microsecond."""
    number = values.cast(pl.Float64, strict=False)
    whole = (values.clear(len(values)) if values.dtype.is_float() else values).cast(pl.Int64, strict=False)
    if unit == "ns":
        rounded, exact = number / 1_000, whole // 1_000
    else:
        rounded, exact = number * _MICROSECONDS[unit], whole * _MICROSECONDS[unit]
    return exact.fill_null(rounded.round().cast(pl.Int64, strict=False)).cast(TIMESTAMP)


def _coalesce(values: Iterable[pl.Series]) -> pl.Series:
    first, *others = values
    for other in others:
        if not first.null_count():
            break
        first = first.fill_null(other)
    return first


def _something(text: pl.Series) -> pl.Series:
    """Text with what a source writes for nothing as null."""
    nothing = text.str.len_bytes().le(4) & text.str.strip_chars().is_in(NOTHING)
    return text.set(nothing.fill_null(value=False), None) if nothing.any() else text
