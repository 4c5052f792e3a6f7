"""Cut a JSON file, of whatever form, into the texts of its records, in a stream and without parsing them."""

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from distillscan.errors import InputError
from distillscan.read.inputs.stream import ByteStream
from distillscan.read.options import Compression
from distillscan.read.values.text import decode_bytes

BLOCK: Final = 1 << 20
#: A record of more bytes is given up.
LONGEST: Final = 256 << 20
BOM: Final = b"\xef\xbb\xbf"
_HEAD: Final = 64 << 10
#: What a blank line consists of; files with byte order marks may have been put together.
_BLANK: Final = b" \t\r\n\v\f" + BOM

_STRINGS: Final = rb'(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^%s]*+)*+'
#: Inside a record: everything up to a bracket. Between records: everything up to what may begin or end one.
_INSIDE: Final = re.compile(rb'[^"\[\]{}]*+' + _STRINGS % rb'"\[\]{}', re.DOTALL)
_BETWEEN: Final = re.compile(rb'[^"\[\]{},\n]*+' + _STRINGS % rb'"\[\]{},\n', re.DOTALL)
_REST_OF_STRING: Final = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+("?)', re.DOTALL)

#: The text of what should be one record; ``None`` for one that is longer than ``LONGEST``.
Text = bytes | None


def is_document(path: Path, label: str, compression: Compression | None) -> bool:
    """Return whether records are not one to a line: an array, objects spread over lines, or several on a line.

    Raises:
        InputError: If the file cannot be opened.
    """
    with ByteStream(path, label, compression) as stream:
        text = stream.read(_HEAD).removeprefix(BOM).lstrip()
    line = text.partition(b"\n")[0].strip()
    if text.startswith(b"[") or line == b"{":
        return True
    try:
        _, end = json.JSONDecoder(strict=False).raw_decode(first := decode_bytes(line))
    except (ValueError, RecursionError):
        return False
    return end < len(first) and first.startswith("{")


def is_blank(text: bytes) -> bool:
    """Return whether a text holds nothing that could be a record."""
    return not text.strip(_BLANK)


def oddities(texts: Collection[Text], label: str) -> Iterator[str]:
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
        yield [line for line in b"".join((*carry, whole)).split(b"\n") if not is_blank(line)]
        carry, length = [rest], len(rest)
    last = b"".join(carry)
    yield [None] if length > LONGEST else [] if is_blank(last) else [last]


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
