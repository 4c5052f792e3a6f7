"""Unwrap records that a shipper or a store of logs keeps as text, or as an object, in a field of records of its own.

Docker and Kubernetes, Fluent Bit, journald, Loki, Elasticsearch, Splunk, CloudWatch: the record inside is read as if it
stood in a file by itself. Where it has no time of its own, the one beside it counts.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

import polars as pl

from distillscan.columns import REQUIRED
from distillscan.read.formats.chunks import Chunk, Reader
from distillscan.read.formats.pages import CARRIERS
from distillscan.read.formats.record_texts import Block, Text
from distillscan.read.schema.hints import HINTS, normalise
from distillscan.read.schema.resolve import Resolution, SourceColumn, SourcePath
from distillscan.read.values.jsontext import parse
from distillscan.read.values.text import decode_bytes, to_text

#: Lines of text with a record at their end: of Kubernetes (in pieces if ``flag`` is P), of a CloudWatch export, of
#: anything that puts a time, a level, a name before what it logs; and records between other output.
LINES: Final = (
    r"^(?P<time>\d{4}-\d\d-\d\dT\S+) (?P<stream>stdout|stderr) (?P<flag>[PF])(?::\S*)? (?P<record>.*)$",
    r"^(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.,:+Z-]*)\s(?P<record>.*)$",
    r"^(?P<before>[^{}\",;\t]{1,200}[\s|:>\]])(?P<record>\{.*\}\s*)$",
    r"^(?P<record>.*)$",
)
_OBJECT: Final = re.compile(r"\{\s*[\"}]")
_BYTES: Final = re.compile(r"\[\d{1,3}(?:,\d{1,3})*\]")
#: The same before a record that is itself inside another one.
_BEFORE: Final = re.compile(r"[^{}\"]{1,200}?[\s|:>\]](?=\{)", re.DOTALL)
_TIMES: Final = ("wrappertime", "realtimetimestamp", "sourcerealtimetimestamp", "ingestiontime", *HINTS["timestamp"])
#: Fields that no log has for anything but a record.
_CERTAIN: Final = ("_raw", "@message", "MESSAGE", "_source", "jsonPayload")
#: The time beside a record, by which name it is handed down: the last resort of the hints for ``timestamp``.
TIME: Final = "wrapper_time"
_ROWS: Final = 1_000
_LINES: Final = 100


@dataclass(frozen=True, slots=True)
class Wrapper:
    """Where a reader's records hold those of another source, by what: ``record``, ``time``, ``stream``, ``flag``.

    ``pieces`` says that a record without a line end goes on in the next one of its stream (Docker).
    """

    places: Mapping[str, SourcePath]
    pieces: bool = False


class WrappedTexts:
    """The texts of records that are inside the records of a reader; of JSON, if ``of_json``, without other output."""

    def __init__(self, reader: Reader, wrapper: Wrapper, label: str, size: int, *, of_json: bool = True) -> None:
        self._reader, self._wrapper = reader, wrapper
        self.label, self.size, self._of_json = label, size, of_json

    def blocks(self) -> Iterator[Block]:
        """Yield the texts, block by block of the reader."""
        held: dict[str | None, str] = {}
        for chunk in _read(self._reader, self._wrapper.places):
            texts: list[Text] = []
            left_out = 0
            for text in self._whole(chunk, held):
                if self._of_json and not _OBJECT.match(text):
                    left_out += 1
                else:
                    texts.append(text.encode())
            texts += [json.loads(one).encode() if one else None for one in chunk.malformed["record"]]
            yield Block(texts, chunk.bytes, left_out, chunk.remarks, chunk.damage)
        if rest := [text.encode() for text in held.values() if text]:
            yield Block(list(rest), 0)

    def sample(self) -> Iterator[Text]:
        """Yield the first texts."""
        for block in islice(self.blocks(), 1):
            yield from block.texts[:_ROWS]

    def _whole(self, chunk: Chunk, held: dict[str | None, str]) -> Iterator[str]:
        """The texts of a chunk, pieces put together; ``held`` has, by stream, what is not complete yet."""
        nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(chunk.rows))
        columns = (to_text(chunk.columns.get(name, nothing)) for name in ("record", "time", "stream", "flag"))
        for text, time, stream, flag in zip(*columns, strict=True):
            if text is None:
                continue
            whole = held.pop(stream, "") + _spelt(text)
            if flag == "P" or (self._wrapper.pieces and not text.endswith("\n")):
                held[stream] = whole
            elif found := whole.strip():
                yield _with_time(_bare(found), time) if self._of_json else found


def find_wrapper(reader: Reader, resolution: Resolution, patterns: Iterable[str]) -> tuple[Wrapper, str | None] | None:
    """Return where the records of a reader hold those of another source, and the pattern of these if they are lines.

    Args:
        reader: An open file.
        resolution: What was found in it by name: a record with a time and an account is one itself.
        patterns: Regular expressions of sources that log lines of text.
    """
    complete = resolution.columns.issuperset(REQUIRED)
    for carrier in _carriers(reader.columns):
        if complete and (carrier.keys or (carrier.column,))[-1] not in _CERTAIN:
            continue
        values = [one for chunk in _first(reader, {"record": carrier}) for one in to_text(chunk.columns["record"])]
        texts = pl.Series([_spelt(one).strip() for one in values if one], dtype=pl.String)
        if any(_OBJECT.match(_bare(one)) for one in texts):
            return _wrapper(reader.columns, carrier), None
        if lines := next((pattern for pattern in patterns if texts.str.contains(pattern).any()), None):
            return _wrapper(reader.columns, carrier), lines
    return None


def line_pattern(texts: Iterable[Text], known: Iterable[str], *, mixed: bool) -> str | None:
    """Return the pattern of lines that end with a record, if the first ones are such.

    They are if they are those of Kubernetes, or if the record is JSON or matches a ``known`` pattern. ``mixed`` says
    that there may also be lines of other output.
    """
    first = [text.decode("utf-8", "replace").strip() for text in islice(texts, _LINES) if text is not None]
    if not first or first[0].startswith(("{", "[")):
        return None
    for pattern in LINES if mixed else LINES[:-1]:
        records = pl.Series(first).str.extract_groups(pattern).struct.field("record").drop_nulls()
        if len(records) and (pattern == LINES[0] or _is_record(records, known)):
            return pattern
    return None


def _wrapper(columns: Iterable[SourceColumn], carrier: SourcePath) -> Wrapper:
    """The wrapper with a carrier; what else it has stands beside that."""
    names = {normalise(path): SourcePath(column, keys) for path, column, keys in _beside(columns, carrier)}
    places = {"record": carrier} | {name: names[name] for name in ("stream", "flag") if name in names}
    if time := next((names[name] for name in _TIMES if name in names), None):
        places["time"] = time
    return Wrapper(places, pieces=normalise(str(carrier)) == "log" and {"stream", "time"} <= names.keys())


def _beside(columns: Iterable[SourceColumn], carrier: SourcePath) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for column in columns:
        if not carrier.keys:
            yield column.name, column.name, ()
        elif column.name == carrier.column:
            yield from ((path, column.name, (path,)) for path in column.inner or () if "." not in path)


def _carriers(columns: Iterable[SourceColumn]) -> list[SourcePath]:
    """Fields that may hold a record, those below a field (``result._raw``) first."""
    found: list[tuple[int, int, str, SourcePath]] = []
    for column in columns:
        for path in ((), *((one,) for one in column.inner or () if "." not in one)):
            name = normalise(path[-1] if path else column.name)
            if name in CARRIERS and (not path or normalise(column.name) in CARRIERS):
                found.append((-len(path), CARRIERS.index(name), column.name, SourcePath(column.name, path)))
    return [carrier for *_, carrier in sorted(found, key=lambda one: one[:3])]


def _is_record(texts: pl.Series, known: Iterable[str]) -> bool:
    return any(map(_ends_with_object, texts)) or any(texts.str.contains(pattern).any() for pattern in known)


def _ends_with_object(text: str) -> bool:
    try:
        return isinstance(parse(_bare(text)), dict)
    except ValueError:
        return False


def _spelt(text: str) -> str:
    """The text that journald gives as a list of bytes."""
    if not _BYTES.fullmatch(text):
        return text
    return decode_bytes(bytes(min(int(one), 255) for one in text[1:-1].split(",")))


def _bare(text: str) -> str:
    """A text without what stands before the JSON object at its end."""
    before = _BEFORE.match(text)
    return text[before.end() :] if before else text


def _first(reader: Reader, places: Mapping[str, SourcePath]) -> Iterator[Chunk]:
    return islice(_read(reader, places), 1)


def _read(reader: Reader, places: Mapping[str, SourcePath]) -> Iterator[Chunk]:
    resolution = Resolution(places, wanted=frozenset())
    for unit in reader.units(resolution, batch_rows=_ROWS, records=False):
        yield from unit.read()


def _with_time(text: str, time: str | None) -> str:
    """A record as JSON text with the time beside it, which one of its own with the same name overrules."""
    if time is None or not text.startswith("{"):
        return text
    rest = text[1:].lstrip()
    return f'{{"{TIME}":{json.dumps(time)}{"" if rest.startswith("}") else ","}{rest}'
