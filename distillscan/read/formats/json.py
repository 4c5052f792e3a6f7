"""Read JSON records from texts: objects, records in lists inside them, OTLP attributes, values with types."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, compress, islice
from typing import Final

import polars as pl

from distillscan.columns import CANONICAL
from distillscan.errors import InputError
from distillscan.read.bodies.columns import body_slot, first_body, read_bodies
from distillscan.read.formats.chunks import MALFORMED, Chunk, Unit
from distillscan.read.formats.otlp import Record, plain
from distillscan.read.formats.pages import find_pages, open_page
from distillscan.read.formats.record_forms import Form, find_form, lead_to_types
from distillscan.read.formats.record_texts import BOM, Text, Texts
from distillscan.read.schema.hints import MAY_NEST, names_for
from distillscan.read.schema.model import Schema
from distillscan.read.schema.resolve import Resolution, SourceColumn, slot
from distillscan.read.values.jsontext import Level, is_deeper, parse, split_path, to_text_column, value_text
from distillscan.read.values.text import decode_bytes

#: Objects that are looked at for lists of records.
_FIRST: Final = 20
#: A record nested more deeply is malformed: parsers differ in how much they bear, and no log has reason to.
_DEEPEST: Final = 128
#: Keys of objects inside objects are learned down to this level.
_LEVELS: Final = 24


class JsonReader:
    """JSON texts. Each holds an object: a record, or a wrapper around lists of records as a schema or ``pages`` says.

    Values with types of a database, and objects of columns, become plain records, unless ``as_is``.

    Raises:
        InputError: If nothing can be opened, or there is no object where one looks first.
    """

    def __init__(
        self, texts: Texts, schema: Schema | None = None, pages: Sequence[str] = (), *, as_is: bool = False
    ) -> None:
        self._texts, self._schema, self._pages = texts, schema, tuple(pages)
        self._label = texts.label
        self._wrappers = [split_path(wrapper) for wrapper in schema.records] if schema else []
        self._attributes = schema is not None and schema.attributes
        #: Whether records are other than the objects that stand in the file.
        self._unwraps = bool(self._wrappers or self._attributes or pages)
        self._form: Form | None = None
        self._as_is = as_is or (schema is not None and lead_to_types(schema.paths))
        first, others = _begin(texts.sample())
        if not self._as_is:
            records = (one for one in chain.from_iterable(map(self._records, first)) if one is not None)
            self._form = find_form(list(islice(records, _FIRST)))
        self._unwraps = self._unwraps or self._form is not None
        self.rows: int | None = None
        self.remarks = (f"{self._label}: {self._form.remark}",) if self._form else ()
        self.columns = self._learn(chain(first, others))
        if not self.columns and schema is None:
            raise InputError(f"{self._label}: none of the lines looked at is a JSON object: is it really NDJSON?")

    def with_schema(self, schema: Schema) -> "JsonReader":
        """Return a reader of the same texts that looks for records where the schema says they are."""
        return JsonReader(self._texts, schema, self._pages, as_is=self._as_is)

    def inside_pages(self) -> "JsonReader | None":
        """Return a reader of the records in lists inside the objects; ``None`` if no list looks like records."""
        values = (value for text in islice(self._texts.sample(), _FIRST) if (value := _parse(text)) is not None)
        path = None if self._pages else find_pages(values)
        return None if path is None else JsonReader(self._texts, self._schema, path, as_is=self._as_is)

    def look_through(self) -> bool:
        """Look at all records for keys, not at samples only, and return whether there are more than were known."""
        known = self.columns
        self.columns = self._learn(text for block in self._texts.blocks() for text in block.texts)
        return self.columns != known

    def units(self, resolution: Resolution, *, batch_rows: int, records: bool) -> Iterator[Unit]:  # noqa: ARG002 (blocks rule)
        """Return everything as one unit; ``records`` keeps the records' own text.

        Parsing holds Python's lock: two threads would take as long as one, and more of both processors.
        """
        read = partial(self._read, resolution, records)
        yield Unit(0, None, self._texts.size, read, read_rows=read)

    def _read(self, resolution: Resolution, keep: bool, wanted: frozenset[int] | None = None) -> Iterator[Chunk]:
        row = 0
        for block in self._texts.blocks():
            chunk, end = self._chunk(block.texts, row, resolution, keep, wanted)
            remarks = (*chunk.remarks, *block.remarks)
            yield replace(chunk, bytes=block.bytes, left_out=block.left_out, remarks=remarks, damage=block.damage)
            row = end

    def _find(
        self, texts: Sequence[Text], row: int, wanted: frozenset[int] | None
    ) -> tuple[range, Sequence[Record | None], Sequence[Text]]:
        """Find the records in texts, the first of which is number ``row``.

        Returns:
            The numbers of all; of those that are wanted the records (``None`` for broken ones) and the texts they come
            from. Lines that are not wanted are not parsed.
        """
        if self._unwraps:
            pairs = [(record, text) for text in texts for record in self._records(text)]
            rows = range(row, row + len(pairs))
            chosen = [pair for at, pair in zip(rows, pairs, strict=True) if wanted is None or at in wanted]
            return rows, [record for record, _ in chosen], [text for _, text in chosen]
        rows = range(row, row + len(texts))
        if wanted is not None:
            texts = [text for at, text in zip(rows, texts, strict=True) if at in wanted]
        return rows, [_parse(text) for text in texts], texts

    def _records(self, text: Text) -> Iterable[Record | None]:
        """The records in a text; ``None`` if it is broken."""
        value = _parse(text)
        if value is None or not self._unwraps:
            return (value,)
        records = self._unwrap(value)
        if self._form is not None:
            records = chain.from_iterable(map(self._form.read, records))
        return map(plain, records) if self._attributes else records

    def _unwrap(self, value: Record) -> Iterable[Record]:
        if any(_leads(value, wrapper) for wrapper in self._wrappers) or not self._pages:
            return self._inside_wrapper(value)
        return chain.from_iterable(map(self._inside_wrapper, open_page(value, self._pages)))

    def _inside_wrapper(self, value: Record) -> Iterable[Record]:
        wrapper = next((one for one in self._wrappers if _leads(value, one)), None)
        return (value,) if wrapper is None else _below(value, wrapper)

    def _chunk(
        self, texts: Sequence[Text], row: int, resolution: Resolution, keep: bool, wanted: frozenset[int] | None
    ) -> tuple[Chunk, int]:
        """The records in texts, the first of which is number ``row``, and the number after the last.

        ``keep`` keeps the records' own text; records that are not ``wanted`` are left out.
        """
        every, found, texts = self._find(texts, row, wanted)
        rows = every if wanted is None else [at for at in every if at in wanted]
        good = [record is not None for record in found]
        records = [record for record in found if record is not None]
        broken = (
            [(rows[at], None if text is None else _as_json(text)) for at, text in enumerate(texts) if not good[at]]
            if not all(good)
            else []
        )
        if keep and self._unwraps:
            sources = [value_text(record) for record in records]
        else:
            sources = [decode_bytes(text).strip() for text in compress(texts, good) if keep and text is not None]
        level = Level(records)
        by_name = self._schema is None and resolution.wanted
        columns, notes = self._late_columns(level, resolution.direct) if by_name else ({}, [])
        chunk = Chunk(
            pl.Series(list(compress(rows, good)), dtype=pl.UInt64),
            self._columns(level, resolution) | columns,
            pl.DataFrame(broken, schema=MALFORMED, orient="row"),
            pl.Series(sources, dtype=pl.String) if keep else None,
            0,
            tuple(notes),
        )
        return chunk, every.stop

    def _columns(self, level: Level, resolution: Resolution) -> dict[str, pl.Series]:
        """What is at the places of a resolution: text; of bodies what they hold, as far as no text is needed."""
        steps = {name: (path.column, *path.keys) for name, path in resolution.paths.items()}
        schema = resolution.schema
        # Bodies whose texts go on in other rows are read when these have been joined.
        bodies = {} if schema is None or schema.parts else resolution.body_slots
        parsed = {name for slots in bodies.values() for name in slots}
        parsed -= {slot(path) for path in schema.value_paths} if schema else set()
        columns = {name: to_text_column(level.at(path)) for name, path in steps.items() if name not in parsed}
        for part, slots in bodies.items():
            if found := [level.at(steps[name]) for name in slots if name in steps]:
                columns[body_slot(part)] = read_bodies(
                    part, first_body(found), resolution.wanted, last_turn=resolution.last_turn
                )
        return columns

    def _late_columns(self, level: Level, taken: Iterable[str]) -> tuple[dict[str, pl.Series], list[str]]:
        """Canonical columns under keys that no sample had, by name or hint, and what to say of them."""
        new = level.keys.difference(column.name for column in self.columns)
        columns: dict[str, pl.Series] = {}
        notes: list[str] = []
        for canonical in set(CANONICAL).difference(taken) if new else ():
            names = names_for(canonical, new)
            if not names:
                continue
            values = zip(*(level.at((name,)) for name in names), strict=True)
            nested = canonical in MAY_NEST
            first = [
                next((one for one in row if one is not None and (nested or not isinstance(one, (dict, list)))), None)
                for row in values
            ]
            columns[canonical] = to_text_column(first)
            notes += [
                f"{self._label}: key {name}, which only later lines have, is read as {canonical}"
                for name in names
                if name != canonical
            ]
        return columns, notes

    def _learn(self, texts: Iterable[Text]) -> tuple[SourceColumn, ...]:
        """The keys of records in order of appearance; the reading itself will count what is broken or breaks off."""
        nested: dict[str, bool] = {}
        inner: dict[str, set[str]] = {}
        try:
            for record in chain.from_iterable(map(self._records, texts)):
                for name, value in record.items() if record else ():
                    nested[name] = nested.get(name, False) or isinstance(value, (dict, list))
                    if isinstance(value, dict):
                        inner.setdefault(name, set()).update(_inner(value, "", 0))
        except InputError:
            if not nested:
                raise
        return tuple(
            SourceColumn(name, is_nested, frozenset(inner[name]) if name in inner else None)
            for name, is_nested in nested.items()
        )


def _begin(texts: Iterator[Text]) -> tuple[list[Text], Iterator[Text]]:
    """The first texts, and the others; what ends them too early is raised where the others begin."""
    first: list[Text] = []
    try:
        for text in islice(texts, _FIRST):
            first.append(text)  # noqa: PERF402 (what came before an error is kept)
    except InputError as error:
        return first, _fail(error)
    return first, texts


def _fail(error: InputError) -> Iterator[Text]:
    raise error
    yield


def _parse(text: Text) -> Record | None:
    """The object that a text is; ``None`` if it is none, or nested so deeply that nobody meant it."""
    if text is None:
        return None
    try:
        value = parse(text.removeprefix(BOM))
    except ValueError:
        return None
    # Counting brackets is quick, and most records have too few of them to be deep.
    if not isinstance(value, dict) or (text.count(b"{") + text.count(b"[") > _DEEPEST and is_deeper(value, _DEEPEST)):
        return None
    return value


def _leads(value: Record, wrapper: Sequence[str]) -> bool:
    """Whether a value has the list of a wrapper, and the list inside that if there should be one."""
    items = value.get(wrapper[0])
    if not isinstance(items, list) or len(wrapper) == 1 or not items:
        return isinstance(items, list)
    return any(isinstance(item, dict) and isinstance(item.get(wrapper[1]), list) for item in items)


def _below(value: Record, keys: Sequence[str]) -> Iterator[Record]:
    """The records under lists under ``keys``; what stands beside a list is handed down to its records."""
    items = value.get(keys[0])
    if not isinstance(items, list):
        return
    beside = {key: one for key, one in value.items() if key != keys[0]}
    for item in items:
        if isinstance(item, dict):
            record = {**beside, **item}
            if len(keys) > 1:
                yield from _below(record, keys[1:])
            else:
                yield record


def _inner(value: Record, prefix: str, level: int) -> Iterator[str]:
    """Dotted paths of what is inside an object."""
    for key, below in value.items():
        yield f"{prefix}{key}"
        if isinstance(below, dict) and level < _LEVELS:
            yield from _inner(below, f"{prefix}{key}.", level + 1)


def _as_json(text: bytes) -> str:
    return json.dumps(decode_bytes(text.removeprefix(BOM)).rstrip("\r"), ensure_ascii=False)
