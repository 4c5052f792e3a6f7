"""Read NDJSON in a stream: polars parses whole blocks; lines it refuses or would alter are parsed one by one."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl

from distillscan.errors import InputError
from distillscan.read.canonical.jsontext import follow, parse, value_text
from distillscan.read.canonical.values import decode_bytes
from distillscan.read.formats.chunks import MALFORMED, Chunk, Unit
from distillscan.read.formats.detect import ByteStream
from distillscan.read.formats.documents import DocumentStream, is_document
from distillscan.read.formats.late import late_notes, late_paths, settle, unescaped
from distillscan.read.formats.scan import RANGE, Range, hash_keys, lines, ranges, survey
from distillscan.read.options import Compression
from distillscan.read.schema.resolve import Resolution, SourceColumn, SourcePath

_BLOCK: Final = 4 << 20
_LONGEST: Final = 256 << 20
#: To learn the keys, this many bytes are looked at in so many places evenly spread over the file.
_SAMPLE: Final = 64 << 10
_PLACES: Final = 16
_HEAD: Final = 16 << 20
_MAX_DEPTH: Final = 8
#: A record nested more deeply is malformed: parsers differ in how much they bear, and no log has reason to.
_DEEPEST: Final = 128
_LEAF: Final[dict[str, Any]] = {}
_BOM: Final = b"\xef\xbb\xbf"
#: Half of a surrogate pair that stands alone, which polars reads as NUL.
_HALF_PAIR: Final = re.compile(
    rb"\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD])[c-fC-F][0-9a-fA-F]{2})"
)


class NdjsonReader:
    """One file with a JSON object on each line.

    Raises:
        InputError: If it cannot be opened.
    """

    def __init__(self, path: Path, label: str, compression: Compression | None) -> None:
        self._path, self._label, self._compression = path, label, compression
        self._size = path.stat().st_size
        self._document = is_document(path, label, compression)
        self.rows: int | None = None
        self.remarks: tuple[str, ...] = ()
        self.columns = self._learn_columns()
        if not self.columns:
            raise InputError(f"{label}: none of the lines looked at is a JSON object: is it really NDJSON?")
        self._know(column.name for column in self.columns)
        self._ranges: list[Range] = []

    def units(self, resolution: Resolution, *, batch_rows: int, records: bool) -> Iterator[Unit]:  # noqa: ARG002 (blocks rule)
        """Return the file in ranges (a compressed one as a whole); ``records`` keeps the lines themselves."""
        for one in self._cut():
            size = one.end - one.start
            yield Unit(one.first_row, one.end_row, size, partial(self._read, one, resolution, records))

    def _cut(self) -> Iterator[Range]:
        if self._streamed or self._size <= RANGE:
            yield Range(0, self._size, 0, None)
        elif self._ranges:
            yield from self._ranges
        else:
            found = []
            with ByteStream(self._path, self._label, None, 0, self._size) as stream:
                for one in ranges(stream.read_at, 0, self._size, lines, RANGE):
                    found.append(one)
                    yield one
            self._ranges = found

    def _read(self, part: Range, resolution: Resolution, records: bool) -> Iterator[Chunk]:
        paths = {name: path for name, path in resolution.paths.items() if not path.partition}
        schema = _schema(paths.values(), self.columns)
        row, consumed = part.first_row, 0
        with self._open(part) as stream:
            for block, too_long in _blocks(stream, first=part.start == 0):
                seen = survey(block, self._hashes)
                rows = seen.lines + too_long
                late = late_paths(seen.new_keys, self._names, resolution.paths) if seen.new_keys else {}
                wanted = {**paths, **late}
                fast = _schema(wanted.values(), self.columns) if late else schema
                fast = None if seen.depth > _DEEPEST or _has_half_pair(block) else fast
                found, broken, odd = _parse_block(block, seen.lines, wanted, fast)
                found = settle(found) if late else found
                broken += [seen.lines] * too_long
                chunk = _chunk(block, row, rows, found, broken, records)
                remarks = (*late_notes(late, self._label), *self._oddities(odd, too_long))
                yield replace(chunk, bytes=stream.consumed - consumed, remarks=remarks)
                row += rows
                consumed = stream.consumed

    @property
    def _streamed(self) -> bool:
        """Whether it can only be read from its beginning on."""
        return self._document or self._compression is not None

    def _open(self, part: Range | None = None) -> ByteStream:
        if self._document:
            return DocumentStream(self._path, self._label, self._compression)
        if part is None or self._compression is not None:
            return ByteStream(self._path, self._label, self._compression)
        return ByteStream(self._path, self._label, None, part.start, part.end)

    def look_through(self) -> bool:
        """Look at all lines for keys, not at samples only, and return whether there are more than were known."""
        new: dict[str, None] = {}
        try:
            with self._open() as stream:
                for block, _ in _blocks(stream, first=True):
                    keys = survey(block, self._hashes).new_keys
                    new.update(dict.fromkeys(unescaped(key) for key in keys))
                    if keys:
                        self._know([*self._names, *new])
        except InputError:
            pass  # the reading itself will say where the file breaks off
        known = {column.name for column in self.columns}
        self.columns += tuple(SourceColumn(name) for name in new if name not in known)
        return bool(new)

    def _know(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._hashes = hash_keys([spelling for name in self._names for spelling in _spellings(name)])

    def _oddities(self, odd: bool, too_long: bool) -> Iterator[str]:
        if odd:
            yield f"{self._label} is not UTF-8 throughout: other bytes are read as Windows-1252"
        if too_long:
            yield f"{self._label}: a line is longer than {_LONGEST >> 20} MB: counted as malformed record"

    def _learn_columns(self) -> tuple[SourceColumn, ...]:
        """The keys of sampled lines, in order of appearance; broken lines are left for the reading itself to count."""
        nested: dict[str, bool] = {}
        inner: dict[str, set[str]] = {}
        for line in self._sample():
            try:
                record = _record(line.removeprefix(_BOM))
            except ValueError:
                continue
            for name, value in record.items():
                nested[name] = nested.get(name, False) or isinstance(value, dict | list)
                if isinstance(value, dict):
                    inner.setdefault(name, set()).update(_inner(value, "", 0))
        return tuple(
            SourceColumn(name, is_nested, frozenset(inner[name]) if name in inner else None)
            for name, is_nested in nested.items()
        )

    def _sample(self) -> Iterator[bytes]:
        """Whole lines from the start and, where the file lets one jump, from places spread over it."""
        if self._streamed:
            with self._open() as stream:
                head = stream.read(_HEAD)
            yield from head.split(b"\n")[: -1 if len(head) == _HEAD else None]
            return
        with ByteStream(self._path, self._label, None, 0, self._size) as stream:
            head = stream.read(_SAMPLE)
            while b"\n" not in head and len(head) < _LONGEST and (more := stream.read(_BLOCK)):
                head += more
            yield from head.split(b"\n")[: -1 if len(head) < self._size else None]
            for place in range(1, _PLACES):
                start = place * self._size // _PLACES
                if start > len(head):
                    yield from stream.read_at(start, _SAMPLE).split(b"\n")[1:-1]


def _blocks(stream: ByteStream, *, first: bool) -> Iterator[tuple[bytes, bool]]:
    """The bytes in blocks of whole lines, and whether a line that was too long to keep comes after each."""
    carry = [stream.read(len(_BOM)).removeprefix(_BOM) if first else b""]
    dropped = False
    while data := stream.read(_BLOCK):
        whole, newline, rest = data.rpartition(b"\n")
        if newline:
            if dropped:
                _, _, whole = whole.partition(b"\n")
                dropped = False
            yield b"".join((*carry, whole)), False
            carry = [rest]
            continue
        if not dropped:
            carry.append(data)
        if sum(map(len, carry)) > _LONGEST:
            yield b"", True
            carry, dropped = [b""], True
    yield b"" if dropped else b"".join(carry), False


def _spellings(name: str) -> list[bytes]:
    """How a key may be written in JSON."""
    return [json.dumps(name, ensure_ascii=ascii_only)[1:-1].encode("utf-8", "replace") for ascii_only in (False, True)]


def _chunk(block: bytes, row: int, rows: int, found: dict[str, pl.Series], broken: list[int], records: bool) -> Chunk:
    """The rows of a block; broken lines (by their number among those that are not blank) are left out and kept."""
    texts = _lines(block) if records or broken else []
    malformed = [(row + at, _as_json(texts[at]) if at < len(texts) else None) for at in broken]
    good = pl.Series([True]).new_from_index(0, rows)
    if broken:
        good = good.scatter(broken, False)
    missing = rows - len(next(iter(found.values()), good))
    if missing:
        found = {name: pl.concat([values, values.clear(missing)]) for name, values in found.items()}
    chunk = Chunk(
        pl.int_range(row, row + rows, dtype=pl.UInt64, eager=True),
        found,
        pl.DataFrame(malformed, schema=MALFORMED, orient="row"),
        pl.Series([decode_bytes(line).strip() for line in texts] + [None] * missing, dtype=pl.String)
        if records
        else None,
        0,
    )
    return chunk.filter(good) if broken else chunk


def _lines(block: bytes) -> list[bytes]:
    return [line for line in block.split(b"\n") if line.strip()]


def _parse_block(
    block: bytes, count: int, paths: Mapping[str, SourcePath], schema: pl.Schema | None
) -> tuple[dict[str, pl.Series], list[int], bool]:
    """Return one text column per path, which lines are no JSON object, and whether some are not UTF-8.

    What polars accepts and what Python accepts come out the same, so blocks decide nothing but the time it takes.
    """
    frame = None if schema is None else _parse_fast(block, count, schema)
    if frame is None:
        return _parse_lines(_lines(block), paths)
    found = {name: _field(frame, path) for name, path in paths.items()}
    # Objects and lists polars writes as JSON of its own kind. Text that looks like one is parsed again for nothing.
    nested = pl.select(
        pl.any_horizontal(*(pl.lit(values).str.contains(r"^[\[{]").fill_null(value=False) for values in found.values()))
    ).to_series() if found else pl.Series([], dtype=pl.Boolean)  # fmt: skip
    if nested.any():
        texts = _lines(block)
        again, _, _ = _parse_lines([texts[at] for at in nested.arg_true()], paths)
        found = {name: values.scatter(nested.arg_true(), again[name]) for name, values in found.items()}
    return found, [], False


def _has_half_pair(block: bytes) -> bool:
    return (b"\\ud" in block or b"\\uD" in block) and _HALF_PAIR.search(block) is not None


def _parse_fast(block: bytes, lines: int, schema: pl.Schema) -> pl.DataFrame | None:
    try:
        frame = pl.read_ndjson(block, schema=schema)
    except (pl.exceptions.ComputeError, pl.exceptions.SchemaError):
        return None
    return frame if frame.height == lines else None


def _parse_lines(
    texts: Sequence[bytes], paths: Mapping[str, SourcePath]
) -> tuple[dict[str, pl.Series], list[int], bool]:
    columns: dict[str, list[str | None]] = {name: [] for name in paths}
    broken: list[int] = []
    odd = False
    for at, line in enumerate(texts):
        try:
            record = _record(line)
        except ValueError:
            record = {}
            broken.append(at)
        odd = odd or not _is_utf8(line)
        for name, path in paths.items():
            columns[name].append(value_text(follow(record.get(path.column), path.keys)))
    return {name: pl.Series(name, values, pl.String) for name, values in columns.items()}, broken, odd


def _record(line: bytes) -> dict[str, Any]:
    """Parse one line; ``ValueError`` when it is no JSON object, or nested so deeply that nobody meant it."""
    # Counting brackets is quick, and most lines have too few of them to be deep.
    if line.count(b"[") + line.count(b"{") > _DEEPEST and survey(line, hash_keys([])).depth > _DEEPEST:
        raise ValueError("nested too deeply")
    record = parse(decode_bytes(line), first_of_twins=True)
    if not isinstance(record, dict):
        raise ValueError("no object")
    return record


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _field(frame: pl.DataFrame, path: SourcePath) -> pl.Series:
    values = frame[path.column]
    for key in path.keys:
        values = values.struct.field(key)
    return values


def _schema(paths: Iterable[SourcePath], columns: Iterable[SourceColumn]) -> pl.Schema | None:
    """What polars should read, every value as text; ``None`` where paths cross or keys contain dots."""
    inner = {column.name: column.inner or frozenset() for column in columns}
    tree: dict[str, Any] = {}
    for path in paths:
        if path.keys and path.keys[0] not in inner[path.column]:
            return None
        steps = (path.column, *path.keys)
        branch = tree
        for step in steps[:-1]:
            branch = branch.setdefault(step, {})
            if branch is _LEAF:
                return None
        if branch.setdefault(steps[-1], _LEAF) is not _LEAF:
            return None
    return pl.Schema({name: _dtype(branch) for name, branch in tree.items()})


def _dtype(branch: Mapping[str, Any]) -> pl.DataType:
    if branch is _LEAF:
        return pl.String()
    return pl.Struct({name: _dtype(below) for name, below in branch.items()})


def _inner(value: Mapping[str, Any], prefix: str, depth: int) -> Iterator[str]:
    for key, below in value.items():
        yield f"{prefix}{key}"
        if isinstance(below, dict) and depth < _MAX_DEPTH:
            yield from _inner(below, f"{prefix}{key}.", depth + 1)


def _as_json(line: bytes) -> str:
    return json.dumps(decode_bytes(line).rstrip("\r"), ensure_ascii=False)
