"""Unwrap records that a shipper or a store of logs keeps as text, or as an object, in a field of records of its own.

Docker and Kubernetes, Fluent Bit, journald, Loki, Elasticsearch, Splunk, CloudWatch, Azure, Kafka, Graylog: the record
inside is read as if it stood in a file by itself. Where it has no time of its own, the one beside it counts.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

import polars as pl

from distillscan.columns import REQUIRED
from distillscan.read.formats.chunks import Chunk, Reader
from distillscan.read.formats.pages import CARRIERS
from distillscan.read.formats.pairs import are_pairs, pairs_as_json
from distillscan.read.formats.record_texts import LONGEST, Block, Text
from distillscan.read.inputs.detect import begins_like_json
from distillscan.read.schema.hints import HINTS, normalise
from distillscan.read.schema.resolve import Resolution, SourceColumn, SourcePath
from distillscan.read.values.jsontext import parse
from distillscan.read.values.text import decode_bytes, to_text

#: Lines of text with a record at their end: of Kubernetes (in pieces if ``flag`` is P), of logcli, of CloudWatch, of
#: anything that puts a time, a level, a name before what it logs; and records between other output.
LINES: Final = (
    r"^(?P<time>\d{4}-\d\d-\d\dT\S+) (?P<stream>stdout|stderr) (?P<flag>[PF])(?::\S*)? (?P<record>.*)$",
    r"^(?P<time>\d{4}-\d\d-\d\dT\S+) \{[A-Za-z_]\w*=\"[^{}]*\} (?P<record>.*)$",
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
#: Fields that hold a record in some logs, and in others what belongs to the record around them.
_UNSURE: Final = frozenset(
    ("properties", "customdimensions", "doc", "value", "json", "after", "body", "content", "map")
)
#: How Kubernetes and Docker say that a record goes on in the next one, and under which name.
_PARTIAL: Final = ("P", "true")
_FLAGS: Final = ("flag", "logtag", "p", "partialmessage")
#: The time beside a record, by which name it is handed down: the last resort of the hints for ``timestamp``.
TIME: Final = "wrapper_time"
_ROWS: Final = 1_000
_LINES: Final = 100


#: By stream, the pieces of a record that is not complete, and the characters in them.
_Held = dict[str | None, tuple[list[str], int]]


@dataclass(frozen=True, slots=True)
class Wrapper:
    """Where a reader's records hold those of another source, by what: ``record``, ``time``, ``stream``, ``flag``.

    ``pieces`` says that a record without a line end goes on in the next one of its stream (Docker), ``pairs`` that
    records are lines of pairs.
    """

    places: Mapping[str, SourcePath]
    pieces: bool = False
    pairs: bool = False

    @property
    def sure(self) -> bool:
        """Whether the records inside are meant even if they lack a time or an account."""
        place = self.places["record"]
        return normalise((place.keys or (place.column,))[-1]) not in _UNSURE


class WrappedTexts:
    """The texts of records that are inside the records of a reader; of JSON, if ``of_json``, without other output."""

    def __init__(self, reader: Reader, wrapper: Wrapper, label: str, size: int, *, of_json: bool = True) -> None:
        self._reader, self._wrapper = reader, wrapper
        self.label, self.size, self._of_json = label, size, of_json

    def blocks(self) -> Iterator[Block]:
        """Yield the texts, block by block of the reader."""
        held: _Held = {}
        for chunk in _read(self._reader, self._wrapper.places):
            texts: list[Text] = []
            left_out = chunk.left_out
            for text in self._whole(chunk, held):
                if text is not None and (not text or (self._of_json and not _OBJECT.match(text))):
                    left_out += 1
                else:
                    texts.append(None if text is None else text.encode())
            texts += [json.loads(one).encode() if one else None for one in chunk.malformed["record"]]
            yield Block(texts, chunk.bytes, left_out, chunk.remarks, chunk.damage)
        if held:
            yield Block(["".join(pieces).encode() for pieces, _ in held.values()], 0)

    def sample(self) -> Iterator[Text]:
        """Yield the first texts."""
        for block in islice(self.blocks(), 1):
            yield from block.texts[:_ROWS]

    def _whole(self, chunk: Chunk, held: _Held) -> Iterator[str | None]:
        """The texts of a chunk, pieces put together; ``None`` for too long ones.

        ``held`` has what is not complete yet, by stream.
        """
        nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(chunk.rows))
        columns = (to_text(chunk.columns.get(name, nothing)) for name in ("record", "time", "stream", "flag"))
        for text, time, stream, flag in zip(*columns, strict=True):
            pieces, size = held.pop(stream, ([], 0))
            pieces.append(_spelt(text or ""))
            size += len(pieces[-1])
            partial = flag in _PARTIAL or (self._wrapper.pieces and text and not text.endswith("\n"))
            if partial and size <= LONGEST:
                held[stream] = pieces, size
            elif partial:
                yield None
            else:
                whole = "".join(pieces).strip()
                text = (pairs_as_json(whole, TIME) or whole) if self._wrapper.pairs else _bare(whole)
                yield _with_time(text, time) if self._of_json else whole


def find_wrappers(
    reader: Reader, resolution: Resolution, patterns: Iterable[str]
) -> Iterator[tuple[Wrapper, str | None]]:
    """Yield where the records of a reader may hold those of another source, and the pattern of these if they are lines.

    Args:
        reader: An open file.
        resolution: What was found in it by name: a record with a time and an account is one itself.
        patterns: Regular expressions of sources that log lines of text.
    """
    complete = resolution.columns.issuperset(REQUIRED)
    for carrier in carriers(reader.columns):
        if complete and (carrier.keys or (carrier.column,))[-1] not in _CERTAIN:
            continue
        values = [one for chunk in _first(reader, {"record": carrier}) for one in to_text(chunk.columns["record"])]
        texts = pl.Series([_spelt(one).strip() for one in values if one], dtype=pl.String)
        is_json = any(_OBJECT.match(_bare(one)) for one in texts)
        lines = None if is_json else next((one for one in patterns if texts.str.contains(one).any()), None)
        pairs = not is_json and lines is None and are_pairs(text.encode() for text in texts)
        if is_json or pairs or lines is not None:
            wrapper = _wrapper(reader.columns, carrier, ends=any(one.endswith("\n") for one in values if one))
            yield replace(wrapper, pairs=pairs), lines


def line_pattern(texts: Iterable[Text], known: Iterable[str], *, mixed: bool) -> str | None:
    """Return the pattern of lines that end with a record, if the first ones are such.

    They are if they are those of Kubernetes, or if the record is JSON or matches a ``known`` pattern. ``mixed`` says
    that there may also be lines of other output.
    """
    first = [text.decode("utf-8", "replace").strip() for text in islice(texts, _LINES) if text is not None]
    if not first or begins_like_json(first[0].encode()):
        return None
    for pattern in LINES if mixed else LINES[:-1]:
        records = pl.Series(first).str.extract_groups(pattern).struct.field("record").drop_nulls()
        if len(records) and (pattern == LINES[0] or _is_record(records, known)):
            return pattern
    return None


def _wrapper(columns: Iterable[SourceColumn], carrier: SourcePath, *, ends: bool) -> Wrapper:
    """The wrapper with a carrier, and what stands beside that; ``ends`` says that records have line ends."""
    names = {normalise(path): SourcePath(column, keys) for path, column, keys in _beside(columns, carrier)}
    beside = {"time": _TIMES, "stream": ("stream",), "flag": _FLAGS}
    found = {what: next((names[one] for one in called if one in names), None) for what, called in beside.items()}
    places = {"record": carrier} | {what: place for what, place in found.items() if place is not None}
    return Wrapper(places, pieces=ends and normalise(str(carrier)) == "log" and {"stream", "time"} <= names.keys())


def _beside(columns: Iterable[SourceColumn], carrier: SourcePath) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for column in columns:
        if not carrier.keys:
            yield column.name, column.name, ()
        elif column.name == carrier.column:
            yield from ((path, column.name, (path,)) for path in column.inner or () if "." not in path)


def carriers(columns: Iterable[SourceColumn]) -> list[SourcePath]:
    """Return the fields that may hold a record, those below a field (``result._raw``) first."""
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
