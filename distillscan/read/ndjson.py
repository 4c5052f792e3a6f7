"""Read NDJSON in a stream: polars parses whole blocks; lines it refuses or would alter are parsed one by one."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl

from distillscan.errors import InputError
from distillscan.read.chunks import MALFORMED, Chunk, Unit
from distillscan.read.formats import ByteStream
from distillscan.read.jsontext import follow, parse, value_text
from distillscan.read.options import Compression
from distillscan.read.resolve import Resolution, SourceColumn, SourcePath

_BLOCK: Final = 4 << 20
_LONGEST: Final = 256 << 20
#: To learn the keys, this many bytes are looked at in so many places evenly spread over the file.
_SAMPLE: Final = 64 << 10
_PLACES: Final = 16
_HEAD: Final = 16 << 20
_MAX_DEPTH: Final = 8
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
        self.rows: int | None = None
        self.remarks: tuple[str, ...] = ()
        self.columns = _learn_columns(self._sample())
        if not self.columns:
            raise InputError(f"{label}: none of the lines looked at is a JSON object: is it really NDJSON?")

    def units(self, resolution: Resolution, *, batch_rows: int, records: bool) -> Iterator[Unit]:  # noqa: ARG002 (blocks rule)
        """Return the file as one unit; ``records`` keeps the lines themselves."""
        yield Unit(0, None, self._size, partial(self._read, resolution, records))

    def _read(self, resolution: Resolution, records: bool) -> Iterator[Chunk]:
        paths = {name: path for name, path in resolution.paths.items() if not path.partition}
        schema = _schema(paths.values(), self.columns)
        row = consumed = 0
        with ByteStream(self._path, self._label, self._compression) as stream:
            for block in _blocks(stream, self._label):
                lines = [line for line in block.split(b"\n") if line.strip()]
                found, broken = _parse_block(block, lines, paths, schema)
                numbers = pl.int_range(row, row + len(lines), dtype=pl.UInt64, eager=True)
                malformed = [(row + at, _as_json(lines[at])) for at in broken]
                texts = pl.Series([line.decode("utf-8", "replace").strip() for line in lines]) if records else None
                chunk = Chunk(
                    numbers,
                    found,
                    pl.DataFrame(malformed, schema=MALFORMED, orient="row"),
                    texts,
                    stream.consumed - consumed,
                )
                good = pl.Series([True]).new_from_index(0, len(lines)).scatter(broken, False) if broken else None
                yield chunk if good is None else chunk.filter(good)
                row += len(lines)
                consumed = stream.consumed

    def _sample(self) -> Iterator[bytes]:
        """Whole lines from the start and, where the file lets one jump, from places spread over it."""
        with ByteStream(self._path, self._label, self._compression) as stream:
            if self._compression is not None:
                head = stream.read(_HEAD)
                yield from head.split(b"\n")[: -1 if len(head) == _HEAD else None]
                return
            head = stream.read(_SAMPLE)
            while b"\n" not in head and len(head) < _LONGEST and (more := stream.read(_BLOCK)):
                head += more
            yield from head.split(b"\n")[: -1 if len(head) < self._size else None]
            for place in range(1, _PLACES):
                start = place * self._size // _PLACES
                if start > len(head):
                    stream.seek(start)
                    yield from stream.read(_SAMPLE).split(b"\n")[1:-1]


def _blocks(stream: ByteStream, label: str) -> Iterator[bytes]:
    """The file in blocks of whole lines."""
    carry = [stream.read(len(_BOM)).removeprefix(_BOM)]
    while data := stream.read(_BLOCK):
        whole, newline, rest = data.rpartition(b"\n")
        if newline:
            yield b"".join((*carry, whole))
            carry = [rest]
        else:
            carry.append(data)
            if sum(map(len, carry)) > _LONGEST:
                raise InputError(f"{label}: a line is longer than {_LONGEST >> 20} MB: is it one JSON object per line?")
    yield b"".join(carry)


def _parse_block(
    block: bytes, lines: Sequence[bytes], paths: Mapping[str, SourcePath], schema: pl.Schema | None
) -> tuple[dict[str, pl.Series], list[int]]:
    """Return one text column per path, and which lines are no JSON object.

    What polars accepts and what Python accepts come out the same, so blocks decide nothing but the time it takes.
    """
    frame = None if schema is None or _has_half_pair(block) else _parse_fast(block, len(lines), schema)
    if frame is None:
        return _parse_lines(lines, paths)
    found = {name: _field(frame, path) for name, path in paths.items()}
    # Objects and lists polars writes as JSON of its own kind. Text that looks like one is parsed again for nothing.
    nested = pl.select(
        pl.any_horizontal(*(pl.lit(values).str.contains(r"^[\[{]").fill_null(value=False) for values in found.values()))
    ).to_series() if found else pl.Series([], dtype=pl.Boolean)  # fmt: skip
    if nested.any():
        again, _ = _parse_lines([lines[at] for at in nested.arg_true()], paths)
        found = {name: values.scatter(nested.arg_true(), again[name]) for name, values in found.items()}
    return found, []


def _has_half_pair(block: bytes) -> bool:
    return (b"\\ud" in block or b"\\uD" in block) and _HALF_PAIR.search(block) is not None


def _parse_fast(block: bytes, lines: int, schema: pl.Schema) -> pl.DataFrame | None:
    try:
        frame = pl.read_ndjson(block, schema=schema)
    except (pl.exceptions.ComputeError, pl.exceptions.SchemaError):
        return None
    return frame if frame.height == lines else None


def _parse_lines(lines: Sequence[bytes], paths: Mapping[str, SourcePath]) -> tuple[dict[str, pl.Series], list[int]]:
    columns: dict[str, list[str | None]] = {name: [] for name in paths}
    broken: list[int] = []
    for at, line in enumerate(lines):
        try:
            record = parse(line.decode("utf-8", "replace"), first_of_twins=True)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            broken.append(at)
            record = {}
        for name, path in paths.items():
            columns[name].append(value_text(follow(record.get(path.column), path.keys)))
    return {name: pl.Series(name, values, pl.String) for name, values in columns.items()}, broken


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


def _learn_columns(lines: Iterable[bytes]) -> tuple[SourceColumn, ...]:
    """The keys of sampled lines, in order of appearance; broken lines are left for the reading itself to count."""
    nested: dict[str, bool] = {}
    inner: dict[str, set[str]] = {}
    for line in lines:
        try:
            record = parse(line.removeprefix(_BOM).decode("utf-8", "replace"))
        except ValueError:
            continue
        if isinstance(record, dict):
            for name, value in record.items():
                nested[name] = nested.get(name, False) or isinstance(value, dict | list)
                if isinstance(value, dict):
                    inner.setdefault(name, set()).update(_inner(value, "", 0))
    return tuple(
        SourceColumn(name, is_nested, frozenset(inner[name]) if name in inner else None)
        for name, is_nested in nested.items()
    )


def _inner(value: Mapping[str, Any], prefix: str, depth: int) -> Iterator[str]:
    for key, below in value.items():
        yield f"{prefix}{key}"
        if isinstance(below, dict) and depth < _MAX_DEPTH:
            yield from _inner(below, f"{prefix}{key}.", depth + 1)


def _as_json(line: bytes) -> str:
    return json.dumps(line.decode("utf-8", "replace").rstrip("\r"), ensure_ascii=False)
