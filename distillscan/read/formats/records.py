"""Read JSON lines as a schema says: records wrapped in lists, OTLP attributes, keys that only some lines have."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl

from distillscan.errors import InputError
from distillscan.read.canonical.jsontext import follow, parse, split_path, value_text
from distillscan.read.formats.chunks import MALFORMED, Chunk, Unit
from distillscan.read.formats.detect import ByteStream
from distillscan.read.formats.documents import DocumentStream, is_document
from distillscan.read.options import Compression
from distillscan.read.schema.model import Schema
from distillscan.read.schema.resolve import Resolution, SourceColumn

_BLOCK: Final = 4 << 20
_LONGEST: Final = 256 << 20
#: Records looked at to learn what keys there are.
_SAMPLE: Final = 2_000
_BOM: Final = b"\xef\xbb\xbf"
_DEPTH: Final = 24
#: OpenLLMetry's one attribute for each message: ``gen_ai.prompt.0.content``.
_NUMBERED: Final = re.compile(r"(gen_ai\.(?:prompt|completion))\.(\d{1,6})\.(\w+)")
_SCALARS: Final = ("stringValue", "intValue", "doubleValue", "boolValue", "bytesValue")

Record = dict[str, Any]


class RecordsReader:
    """One file of JSON lines, each a record or a wrapper around lists of records."""

    def __init__(self, path: Path, label: str, compression: Compression | None, schema: Schema) -> None:
        self._path, self._label, self._compression = path, label, compression
        self._size = path.stat().st_size
        self._document = is_document(path, label, compression)
        self._wrappers = [split_path(wrapper) for wrapper in schema.records]
        self._attributes = schema.attributes
        self.rows: int | None = None
        self.remarks: tuple[str, ...] = ()
        self.columns = _learn(self._sample())

    def units(self, resolution: Resolution, *, batch_rows: int, records: bool) -> Iterator[Unit]:  # noqa: ARG002 (blocks rule)
        """Return the file as one unit; ``records`` keeps the records' JSON."""
        yield Unit(0, None, self._size, partial(self._read, resolution, records))

    def _read(self, resolution: Resolution, keep: bool) -> Iterator[Chunk]:
        steps = {name: (path.column, *path.keys) for name, path in resolution.paths.items() if not path.partition}
        row = consumed = 0
        with self._open() as stream:
            for lines in _blocks(stream, self._label):
                found = [*self._records(lines)]
                good = [at for at, one in enumerate(found) if isinstance(one, dict)]
                bad = [(row + at, _as_json(one)) for at, one in enumerate(found) if isinstance(one, bytes)]
                records: Sequence[Any] = [found[at] for at in good]
                yield Chunk(
                    pl.Series([row + at for at in good], dtype=pl.UInt64),
                    _columns(records, steps),
                    pl.DataFrame(bad, schema=MALFORMED, orient="row"),
                    pl.Series([value_text(one) for one in records], dtype=pl.String) if keep else None,
                    stream.consumed - consumed,
                )
                row += len(found)
                consumed = stream.consumed

    def _open(self) -> ByteStream:
        make = DocumentStream if self._document else ByteStream
        return make(self._path, self._label, self._compression)

    def _records(self, lines: Sequence[bytes]) -> Iterator[Record | bytes]:
        """The records in lines; a line that is no JSON object is returned as it is."""
        for line in lines:
            try:
                value = parse(line.decode("utf-8", "replace"))
            except ValueError:
                value = None
            if not isinstance(value, dict):
                yield line
                continue
            for record in self._unwrap(value):
                yield plain(record) if self._attributes else record

    def _unwrap(self, value: Record) -> Iterator[Record]:
        for wrapper in self._wrappers:
            if isinstance(value.get(wrapper[0]), list):
                yield from _below(value, wrapper)
                return
        yield value

    def _sample(self) -> Iterator[Record]:
        with self._open() as stream:
            left = _SAMPLE
            for lines in _blocks(stream, self._label):
                for record in self._records(lines):
                    if isinstance(record, dict):
                        yield record
                    left -= 1
                    if not left:
                        return


def _columns(records: Sequence[Record], paths: Mapping[str, Sequence[str]]) -> dict[str, pl.Series]:
    """What is at each path, as canonical text; a path that no record can have is not even looked for."""
    top = {key for record in records for key in record}
    inside: dict[str, set[str] | None] = {}
    columns: dict[str, pl.Series] = {}
    for name, steps in paths.items():
        first, rest = steps[0], steps[1:]
        known = _may_be(top, steps)
        if known and rest and first in top:
            if first not in inside:
                inside[first] = _keys([record.get(first) for record in records])
            below = inside[first]
            known = below is None or _may_be(below, rest) or _may_be(top - {first}, steps)
        values = _values(records, steps) if known else [None] * len(records)
        columns[name] = pl.Series(values, dtype=pl.String)
    return columns


def _keys(values: Sequence[Any]) -> set[str] | None:
    """The keys of the objects among values; ``None`` if others have something inside, such as JSON text."""
    if any(isinstance(value, str | list) and value for value in values):
        return None
    return {key for value in values if isinstance(value, dict) for key in value}


def _may_be(keys: set[str], steps: Sequence[str]) -> bool:
    """Whether objects with these keys may have something at the steps: the first one, or several joined by dots."""
    return any(".".join(steps[:size]) in keys for size in range(1, len(steps) + 1))


def _values(records: Sequence[Record], steps: Sequence[str]) -> list[str | None]:
    if len(steps) == 1:
        values = (record.get(steps[0]) for record in records)
    else:
        rest = ".".join(steps[1:])
        values = (_value(record, steps, rest) for record in records)
    return [value if value is None else value_text(value) for value in values]


def _value(record: Record, steps: Sequence[str], rest: str) -> Any:
    """What a path leads to; quickly if it is a key with dots in an object, as attributes are."""
    below = record.get(steps[0])
    if isinstance(below, dict) and rest in below:
        return below[rest]
    return follow(record, steps)


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


def plain(record: Record) -> Record:
    """Return an OTLP record with its attribute lists as objects, numbered messages gathered into lists."""
    found = _plain_attributes(record)
    if isinstance(found.get("resource"), dict):
        found["resource"] = _plain_attributes(found["resource"])
    if isinstance(found.get("events"), list):
        found["events"] = [_plain_attributes(one) if isinstance(one, dict) else one for one in found["events"]]
    return _gathered(found)


def _plain_attributes(record: Record) -> Record:
    found = {key: record[key] for key in ("attributes", "body") if isinstance(record.get(key), list | dict)}
    values = {key: _plain_value(value, 0) for key, value in found.items()}
    return {**record, **{key: _gathered(one) if isinstance(one, dict) else one for key, one in values.items()}}


def _gathered(attributes: Record) -> Record:
    """Attributes with ``gen_ai.prompt.0.role``, ``gen_ai.prompt.0.content`` ... also as one list of messages."""
    lists: dict[str, dict[int, Record]] = {}
    for key, value in attributes.items():
        if match := _NUMBERED.fullmatch(key):
            lists.setdefault(match[1], {}).setdefault(int(match[2]), {})[match[3]] = value
    gathered = {name: [numbered[at] for at in sorted(numbered)] for name, numbered in lists.items()}
    return {**attributes, **gathered} if gathered else attributes


def _plain_value(value: Any, depth: int) -> Any:
    """An OTLP value, or list of keys and values, as plain JSON; what is nested too deeply is dropped."""
    if depth > _DEPTH:
        return None
    if isinstance(value, list):
        pairs = [one for one in value if isinstance(one, dict) and isinstance(one.get("key"), str)]
        if pairs or not value:
            return {one["key"]: _plain_value(one.get("value"), depth + 1) for one in pairs}
        return [_plain_value(one, depth + 1) for one in value]
    if not isinstance(value, dict):
        return value
    for key in _SCALARS:
        if key in value:
            return value[key]
    for key in ("arrayValue", "kvlistValue"):
        if isinstance(value.get(key), dict):
            values = value[key].get("values")
            below = _plain_value(values if isinstance(values, list) else [], depth + 1)
            return [] if key == "arrayValue" and below == {} else below
    return value


def _blocks(stream: ByteStream, label: str) -> Iterator[list[bytes]]:
    """The file in blocks of whole lines, without the empty ones."""
    carry = [stream.read(len(_BOM)).removeprefix(_BOM)]
    while data := stream.read(_BLOCK):
        whole, newline, rest = data.rpartition(b"\n")
        if newline:
            yield _lines(b"".join((*carry, whole)))
            carry = [rest]
        else:
            carry.append(data)
            if sum(map(len, carry)) > _LONGEST:
                raise InputError(f"{label}: a line is longer than {_LONGEST >> 20} MB: is it one JSON object per line?")
    yield _lines(b"".join(carry))


def _lines(block: bytes) -> list[bytes]:
    return [line for line in block.split(b"\n") if line.strip()]


def _learn(records: Iterator[Record]) -> tuple[SourceColumn, ...]:
    nested: dict[str, bool] = {}
    inner: dict[str, set[str]] = {}
    for record in records:
        for name, value in record.items():
            nested[name] = nested.get(name, False) or isinstance(value, dict | list)
            if isinstance(value, dict):
                inner.setdefault(name, set()).update(_inner(value, "", 0))
    return tuple(
        SourceColumn(name, is_nested, frozenset(inner[name]) if name in inner else None)
        for name, is_nested in nested.items()
    )


def _inner(value: Record, prefix: str, depth: int) -> Iterator[str]:
    for key, below in value.items():
        yield f"{prefix}{key}"
        if isinstance(below, dict) and depth < _DEPTH:
            yield from _inner(below, f"{prefix}{key}.", depth + 1)


def _as_json(line: bytes) -> str:
    return json.dumps(line.decode("utf-8", "replace").rstrip("\r"), ensure_ascii=False)
