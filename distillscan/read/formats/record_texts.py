"""Cut a text file, of whatever form, into the texts of its records, in a stream and without parsing them."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final, Protocol

from distillscan.errors import InputError
from distillscan.read.formats.bulk import is_action
from distillscan.read.inputs.detect import begins_like_json
from distillscan.read.inputs.outcome import Damage
from distillscan.read.inputs.stream import ByteStream
from distillscan.read.options import Compression

BLOCK: Final = 1 << 20
#: A record of more bytes is given up.
LONGEST: Final = 256 << 20
BOM: Final = b"\xef\xbb\xbf"
_HEAD: Final = 64 << 10
#: To learn what a file holds, this many bytes are looked at in so many places evenly spread over the file.
_SAMPLE: Final = 64 << 10
_PLACES: Final = 16
#: Of a file that can only be read from its beginning on, so many bytes are looked at.
_STREAMED: Final = 16 << 20
#: What a blank line consists of; files with byte order marks may have been put together.
_BLANK: Final = b" \t\r\n\v\f" + BOM

_STRINGS: Final = rb'(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^%s]*+)*+'
#: Inside a record: everything up to a bracket. Between records: everything up to what may begin or end one.
_INSIDE: Final = re.compile(rb'[^"\[\]{}]*+' + _STRINGS % rb'"\[\]{}', re.DOTALL)
_BETWEEN: Final = re.compile(rb'[^"\[\]{},\n]*+' + _STRINGS % rb'"\[\]{},\n', re.DOTALL)
_REST_OF_STRING: Final = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+("?)', re.DOTALL)
#: Where one object may end and the next begin on the same line.
_SEAM: Final = re.compile(rb"\}[ \t,\x1e]*\{")
_SPACE: Final = " \t\r,\x1e"
_LENIENT: Final = json.JSONDecoder(strict=False)

#: The text of what should be one record; ``None`` for one that is longer than ``LONGEST``.
Text = bytes | None


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive texts, the bytes of the file they took, and what reading them showed.

    ``left_out`` counts other output between the records: of a program whose log holds them as texts, or action lines
    of an Elasticsearch bulk file.
    """

    texts: list[Text]
    bytes: int
    left_out: int = 0
    remarks: tuple[str, ...] = ()
    damage: tuple[Damage, ...] = ()


class Texts(Protocol):
    """Texts of records, from a file or from inside the records of another reader."""

    label: str
    size: int

    def blocks(self) -> Iterator[Block]:
        """Yield all of them from the beginning."""

    def sample(self) -> Iterator[Text]:
        """Yield some of them, the first ones first."""


class FileTexts:
    """The texts of a file: its lines, or the values of a JSON document.

    Raises:
        InputError: If the file cannot be opened.
    """

    def __init__(self, path: Path, label: str, compression: Compression | None, *, document: bool = False) -> None:
        self._path, self.label, self._compression = path, label, compression
        self.size = path.stat().st_size
        self._document = document

    def blocks(self) -> Iterator[Block]:
        """Yield all texts, block by block of the file."""
        consumed = 0
        with self._open() as stream:
            for texts in self._cut(stream):
                records = [text for text in texts if not is_action(text)]
                remarks = tuple(oddities(records, self.label))
                yield Block(records, stream.consumed - consumed, len(texts) - len(records), remarks)
                consumed = stream.consumed

    def sample(self) -> Iterator[Text]:
        """Yield texts from the beginning and, where the file lets one jump, from places spread over it."""
        return (text for text in self._sample() if not is_action(text))

    def _sample(self) -> Iterator[Text]:
        streamed = self._document or self._compression is not None
        left = _STREAMED if streamed else _SAMPLE
        with self._open() as stream:
            for text in chain.from_iterable(self._cut(stream)):
                yield text
                left -= len(text or b"")
                if left < 0:
                    break
            places = range(1, 1 if streamed else _PLACES)
            for start in (place * self.size // _PLACES for place in places):
                if start > _SAMPLE - left:
                    yield from _lines(stream.read_at(start, _SAMPLE).partition(b"\n")[2].rpartition(b"\n")[0])

    def _open(self) -> ByteStream:
        # No more of a file that grows than there was when it was opened.
        end = None if self._compression else self.size
        return ByteStream(self._path, self.label, self._compression, end=end)

    def _cut(self, stream: ByteStream) -> Iterable[list[Text]]:
        return Documents(stream, self.label) if self._document else cut_lines(stream)


def is_document(path: Path, label: str, compression: Compression | None) -> bool:
    """Return whether records are not one to a line: an array, objects spread over lines, or several on a line.

    Raises:
        InputError: If the file cannot be opened.
    """
    with ByteStream(path, label, compression) as stream:
        text = stream.read(_HEAD).removeprefix(BOM).lstrip()
    first, _, rest = text.partition(b"\n")
    line, goes_on = first.strip(), not rest.lstrip().startswith(b"{")
    spread = line.startswith(b"{") and line.endswith((b"{", b"[", b",", b":")) and goes_on
    listed = line.startswith(b"[") and begins_like_json(text)
    opened = line == b"{" or listed or (line.startswith(b"{") and line.endswith((b"[", b"},")))
    return spread or opened or len(split_glued(line)) > 1


def is_blank(text: bytes) -> bool:
    """Return whether a text holds nothing that could be a record."""
    return not text.strip(_BLANK)


def split_glued(line: bytes) -> list[Text]:
    """Return the values of a line on which objects follow one another without a line end; else the line itself."""
    if not line.lstrip(_BLANK).startswith(b"{") or not _SEAM.search(line):
        return [line]
    text, at = line.removeprefix(BOM).decode("utf-8", "surrogateescape").strip(), 0
    found: list[Text] = []
    while at < len(text):
        try:
            _, end = _LENIENT.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = len(text)
        found.append(text[at:end].encode("utf-8", "surrogateescape"))
        at = end + len(text[end:]) - len(text[end:].lstrip(_SPACE))
    return found


def _lines(data: bytes) -> list[Text]:
    """The texts in whole lines."""
    lines: list[Text] = [line for line in data.split(b"\n") if not is_blank(line)]
    if not _SEAM.search(data):
        return lines
    return list(chain.from_iterable(split_glued(line) for line in lines if line is not None))


def oddities(texts: list[Text], label: str) -> Iterator[str]:
    """Yield what to say of the texts of a file that are not UTF-8, or too long to be kept."""
    if not all(text is None or _is_utf8(text) for text in texts):
        yield f"{label} is not UTF-8 throughout: other bytes are read as Windows-1252"
    if None in texts:
        yield f"{label}: a line is longer than {LONGEST >> 20} MB: counted as malformed record"


def cut_lines(stream: ByteStream) -> Iterator[list[Text]]:
    """Yield the lines that are not blank, block by block."""
    carry: list[bytes] = []
    length = 0
    while data := stream.read(BLOCK):
        whole, newline, rest = data.rpartition(b"\n")
        if not newline:
            length += len(data)
            carry = [*carry, data] if length <= LONGEST else []
            continue
        if length > LONGEST:
            yield [None]
            _, _, whole = whole.partition(b"\n")
        yield _lines(b"".join((*carry, whole)))
        carry, length = [rest], len(rest)
    last = b"".join(carry)
    yield [None] if length > LONGEST else _lines(last)


class Documents:
    """The records of JSON that is not lines: what arrays hold, and objects that follow one another.

    Iterating yields their texts block by block. What else stands between them is a record too, unless it is blank or a
    comma; it will turn out to be a broken one.

    Raises:
        InputError: When iterating, if the file ends inside a record or an array.
    """

    def __init__(self, stream: ByteStream, label: str) -> None:
        self._stream, self._label = stream, label
        #: Brackets that are open, and how many of them hold records: 1 inside an array, else 0.
        self._depth = self._outside = 0
        #: Whether the block before ended inside a string, and there behind a backslash.
        self._quoted = self._escaped = False
        #: What earlier blocks hold of the record that is under way, and its length.
        self._held: list[bytes] = []
        self._length = 0

    def __iter__(self) -> Iterator[list[Text]]:
        while data := self._stream.read(BLOCK):
            yield self._cut(data)
        if self._depth == self._outside:
            yield self._end(b"")
        if self._depth:
            raise InputError(f"{self._label} breaks off inside a JSON array or object: export it again")

    def _cut(self, data: bytes) -> list[Text]:
        """The records that end in a block."""
        found: list[Text] = []
        start, at = 0, self._skip_string(data, 0) if self._quoted else 0
        while (at := self._skip(data, at)) < len(data):
            mark = data[at : at + 1]
            at += 1
            if mark == b'"':
                at = self._skip_string(data, at)
            elif mark in b"[{":
                if mark == b"[" and self._depth == 0:
                    found += self._end(data[start : at - 1])
                    start, self._outside = at, 1
                self._depth += 1
            elif mark in b"]}" and self._depth > self._outside:
                self._depth -= 1
                if self._depth == self._outside:
                    found += self._end(data[start:at])
                    start = at
            else:
                # A comma, the end of a line or of an array; or, outside of all, a bracket that closes nothing.
                stray = mark in b"]}" and self._depth == 0
                found += self._end(data[start : at if stray else at - 1])
                start = at
                if mark in b"]}":
                    self._depth = self._outside = 0
        self._length += len(data) - start
        self._held = [*self._held, data[start:]] if self._length <= LONGEST else []
        return found

    def _skip(self, data: bytes, at: int) -> int:
        """The next place that matters: a bracket, what separates records, or a quotation mark that is not closed."""
        found = (_BETWEEN if self._depth == self._outside else _INSIDE).match(data, at)
        return found.end() if found else at

    def _skip_string(self, data: bytes, at: int) -> int:
        """Where a string ends that goes on at a place; the end of the block if it does not end in it."""
        at += self._escaped
        found = _REST_OF_STRING.match(data, at)
        closed = found is not None and bool(found[1])
        self._quoted = not closed
        self._escaped = not closed and (len(data) - at - len(data[at:].rstrip(b"\\"))) % 2 == 1
        return found.end() if found and closed else len(data)

    def _end(self, piece: bytes) -> list[Text]:
        """The record that ends with a piece of the block, unless it is blank."""
        text = b"".join((*self._held, piece)).strip()
        too_long = self._length + len(piece) > LONGEST
        self._held, self._length = [], 0
        return [None] if too_long else [] if is_blank(text) else [text]


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
