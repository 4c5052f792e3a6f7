"""Make canonical columns out of what a schema's paths gave: alternatives, times, and the texts in logged bodies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from distillscan.columns import CARRIED, READABLE, TIMESTAMP
from distillscan.errors import InputError
from distillscan.read.bodies.columns import (
    BODY_COLUMNS,
    NOTHING,
    PROBLEM,
    Part,
    body_slot,
    read_bodies,
    read_body_texts,
)
from distillscan.read.bodies.tools import image_counts, tool_names
from distillscan.read.notes import Notes
from distillscan.read.schema.model import Body, Column, Keep, Schema
from distillscan.read.values.text import to_text, to_whole
from distillscan.read.values.timestamps import parse_times

_MICROSECONDS: Final = {"s": 1_000_000, "ms": 1_000, "us": 1}


@dataclass(frozen=True, slots=True)
class Plan:
    """How one file's source values become canonical columns.

    Attributes:
        schema: The schema it is read with.
        slots: Source path to the chunk column that holds its values, for the paths the file has.
        direct: Canonical columns that are in the file as such, and win over the schema's.
        wanted: Canonical columns to make.
    """

    schema: Schema
    slots: Mapping[str, str]
    direct: frozenset[str]
    wanted: frozenset[str]

    def only(self, columns: Iterable[str]) -> "Plan":
        """Return the plan for some of the columns."""
        return replace(self, wanted=self.wanted & frozenset(columns))

    @property
    def needed(self) -> tuple[str, ...]:
        """Source paths, of those the file has, that the wanted columns are made of."""
        paths = [path for name in READABLE if name in self._made for path in self._made[name].paths]
        for part, found in self.schema.body.parts.items():
            if self.wanted.difference(self.direct).intersection(BODY_COLUMNS[part]):
                paths += found
        return tuple(dict.fromkeys(path for path in paths if path in self.slots))

    @property
    def _made(self) -> dict[str, Column]:
        return {
            name: column
            for name, column in self.schema.columns.items()
            if name in self.wanted and name not in self.direct and any(path in self.slots for path in column.paths)
        }

    def shape(self, given: Mapping[str, pl.Series], notes: Notes, where: tuple[int, int]) -> dict[str, pl.Series]:
        """Return the canonical columns, in types that ``to_canonical`` takes.

        Args:
            given: Chunk columns: the slots, and the direct columns under their own names.
            notes: Receives what was assumed and what could not be read.
            where: Source and first row of the chunk.
        """
        found = {name: values for name, values in given.items() if name in self.direct and name in self.wanted}
        for name, column in self._made.items():
            values = [given[self.slots[path]] for path in column.paths if path in self.slots]
            found[name] = _column(name, column, values, notes)
        self._add_body(found, given, notes, where)
        return found

    @property
    def body_slots(self) -> dict[Part, tuple[str, ...]]:
        """The slots of each wanted part of the body, best first; none if its texts go on in other rows."""
        wanted = self.wanted.difference(self.direct)
        return {
            part: slots
            for part, paths in self.schema.body.parts.items()
            if self.schema.parts is None
            and wanted.intersection(BODY_COLUMNS[part])
            and (slots := tuple(self.slots[path] for path in paths if path in self.slots))
        }

    @property
    def parsed_slots(self) -> frozenset[str]:
        """Slots that nothing but ``body_slots`` needs: who parses bodies anyway need not make them text."""
        used = replace(self.schema, body=Body()).paths
        bodies = {slot for slots in self.body_slots.values() for slot in slots}
        return frozenset(bodies - {self.slots.get(path) for path in used})

    def read_bodies(self, part: Part, bodies: Sequence[Any]) -> pl.Series:
        """Return what parsed bodies hold, as ``shape`` takes it under the name ``body_slot(part)``."""
        return read_bodies(part, bodies, self.wanted, last_turn=self.schema.body.turns == "last")

    def _add_body(
        self, found: dict[str, pl.Series], given: Mapping[str, pl.Series], notes: Notes, where: tuple[int, int]
    ) -> None:
        """Add what is in the bodies; a system prompt kept apart wins over the request's, a column over both."""
        texts: dict[str, pl.Series] = {}
        for part in BODY_COLUMNS:
            read = self._bodies(part, given)
            if read is None:
                continue
            columns = read.struct.unnest()
            _tell(columns[PROBLEM], part, notes, where)
            for name in columns.drop(PROBLEM).columns:
                texts[name] = columns[name].fill_null(texts[name]) if name in texts else columns[name]
        for name, values in texts.items():
            if name not in self.wanted or name in self.direct:
                continue
            own = found.get(name)
            found[name] = values if own is None else to_text(own).fill_null(values)

    def _bodies(self, part: Part, given: Mapping[str, pl.Series]) -> pl.Series | None:
        """What the bodies of a part hold: as they were read with the file, or else from their texts."""
        if body_slot(part) in given:
            return given[body_slot(part)]
        if not self.wanted.difference(self.direct).intersection(BODY_COLUMNS[part]):
            return None
        slots = [self.slots[path] for path in self.schema.body.parts[part] if path in self.slots]
        if not slots:
            return None
        texts = _coalesce([_something(to_text(given[slot])) for slot in slots])
        return read_body_texts(part, texts, self.wanted, last_turn=self.schema.body.turns == "last")

    def refuse(self, given: Mapping[str, pl.Series], label: str) -> None:
        """Stop at what the schema says cannot be analysed.

        Raises:
            InputError: If there is such a value; the message is the schema's.
        """
        for one in self.schema.refuse:
            values = given.get(self.slots.get(one.path, ""))
            if values is not None and to_text(values).str.contains(one.pattern).any():
                raise InputError(f"{label}: {one.message}")

    def no_requests(self, given: Mapping[str, pl.Series]) -> pl.Series | None:
        """Why each row is no request (null: it is one), or ``None`` when every row is."""
        reasons: list[pl.Series] = []
        for keep in self.schema.keep:
            good = self._kept(keep, given)
            if good is not None and not good.all():
                reasons.append(pl.select(pl.when(~good).then(pl.lit(keep.why))).to_series())
        return _coalesce(reasons).alias("reason") if reasons else None

    def _kept(self, keep: Keep, given: Mapping[str, pl.Series]) -> pl.Series | None:
        values = [to_text(given[self.slots[path]]) for path in keep.paths if path in self.slots]
        if not values:
            return None
        if not keep.values:
            return _coalesce(values).is_not_null()
        return _coalesce(values).is_in(list(keep.values)).fill_null(value=False)


def _column(name: str, column: Column, values: list[pl.Series], notes: Notes) -> pl.Series:
    if READABLE[name] == TIMESTAMP:
        found = _coalesce([_time(name, column, value, notes, alone=len(values) == 1) for value in values])
        return _with_unread(found, _coalesce([to_text(value) for value in values]))
    if name in CARRIED and column.pattern is None:
        texts = [to_text(tool_names(value) if name == "tools" else image_counts(value)) for value in values]
        return _coalesce(texts)
    if READABLE[name] == pl.Int64 and column.pattern is None:
        return _coalesce([to_whole(value) for value in values])
    texts = [to_text(value) for value in values]
    if column.pattern is not None:
        texts = [to_text(text.str.extract(column.pattern, 1)) for text in texts]
    return _coalesce(texts)


def _time(name: str, column: Column, values: pl.Series, notes: Notes, *, alone: bool) -> pl.Series:
    """Times as the column says they are written; else as they come if they are ``alone``, for the general rules."""
    if column.pattern is not None:
        values = to_text(values).str.extract(column.pattern, 1)
    if column.format is not None:
        zoned = "%z" in column.format or "%:z" in column.format or "%#z" in column.format
        dtype = TIMESTAMP if zoned else pl.Datetime("us")
        return to_text(values).str.strptime(dtype, column.format, strict=False).cast(TIMESTAMP)
    if column.unit is not None:
        return _epoch(values, column.unit)
    if alone:
        return values
    parsed = parse_times(values)
    for text in parsed.assumed:
        notes.add(f"{name} {text}")
    return parsed.values


def _with_unread(times: pl.Series, texts: pl.Series) -> pl.Series:
    """Times, with what could not be read as one as the text it is, so that its row is told from one without a time."""
    unread = times.is_null() & texts.is_not_null()
    if times.dtype != TIMESTAMP or not unread.any():
        return times
    return times.dt.to_string("iso:strict").scatter(unread.arg_true(), texts.filter(unread))


def _epoch(values: pl.Series, unit: str) -> pl.Series:
    whole = values.cast(pl.Int64, strict=False) if not values.dtype.is_float() else None
    number = values.cast(pl.Float64, strict=False)
    if unit == "ns":
        exact = (number / 1_000).round().cast(pl.Int64, strict=False)
        return (exact if whole is None else (whole // 1_000).fill_null(exact)).cast(TIMESTAMP)
    scaled = (number * _MICROSECONDS[unit]).round().cast(pl.Int64, strict=False)
    exact = scaled if whole is None else (whole * _MICROSECONDS[unit]).fill_null(scaled)
    return exact.cast(TIMESTAMP)


def _coalesce(values: list[pl.Series]) -> pl.Series:
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


def _tell(reasons: pl.Series, part: str, notes: Notes, where: tuple[int, int]) -> None:
    for reason, count in reasons.drop_nulls().value_counts(sort=False).iter_rows():
        notes.tally(f"the {part} of {{count}} rows could not be read in full ({reason})", where, count)
