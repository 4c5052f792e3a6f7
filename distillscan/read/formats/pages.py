"""Long texts of a Parquet file, read page by page where they lie: unpacked once and never copied.

Arrow unpacks a page, copies its texts into an array that grows as it goes, and hands that over to be turned into views.
Of prompts, most of a log, that takes longer than to unpack them. Here the views point into the unpacked pages. Only
what most writers write is known (text in the encodings PLAIN and RLE_DICTIONARY, in pages of version 1): of all else,
and of whatever looks broken, nothing is read here, and Arrow has the last word.
"""

import os
import zlib
from collections.abc import Sequence
from io import FileIO
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from numba import njit

from distillscan.profile.text.arrow_buffers import as_series
from distillscan.read.canonical.values import decode
from distillscan.read.formats.footer import COMPILED, COMPRESSED, DATA_AT, DICTIONARY_AT, UNCOMPRESSED, Bytes, Numbers

_field, _skip, _varint, _zigzag = (COMPILED[name] for name in ("_field", "_skip", "_varint", "_zigzag"))

Views = npt.NDArray[np.uint32]

#: Names of the codecs in a footer that Arrow knows by the same name (LZ4 is two), and what is not packed at all.
CODECS: Final = frozenset({"ZSTD", "SNAPPY", "GZIP", "BROTLI", "UNCOMPRESSED"})
#: Names of the encodings in a footer that may be there: of values, of dictionaries and of levels.
ENCODINGS: Final = frozenset({"PLAIN", "RLE_DICTIONARY", "PLAIN_DICTIONARY", "RLE"})

#: Places in what ``_header`` returns.
_TYPE, _UNPACKED, _PACKED, _CRC, _COUNT, _ENCODING, _LEVELS, _SIZE = range(8)
_DATA_PAGE, _DICTIONARY_PAGE = 0, 2
_PLAIN, _PLAIN_DICTIONARY, _RLE, _RLE_DICTIONARY = 0, 2, 3, 8
#: Field numbers of PageHeader: data_page_header and dictionary_page_header, which begin with count and encoding.
_DATA_HEADER, _DICTIONARY_HEADER = 5, 7
_I32, _STRUCT, _STOP = 5, 12, 0
#: Bytes that hold most page headers, and those with the longest of texts as bounds.
_HEADERS: Final = (4 << 10, 256 << 10, 16 << 20)
#: Bytes of a page that nobody needs; more than any decompressor makes of one byte.
_PLENTY: Final = 256 << 20
_RATIO: Final = 40_000
#: Bytes of a text that lie in its view.
_INLINE: Final = 12
_BROKEN: Final = -1


class TextPages:
    """The texts of one column in some row groups, in their order.

    Args:
        file: The file; it is left open.
        chunks: Rows of the table of ``footer.column_chunks``: the column in each row group.
        codecs: What each is packed with, one of ``CODECS``.
        optional: Whether a value may be null.

    Raises:
        pyarrow.ArrowInvalid: If the first page is none that is known here.
    """

    def __init__(self, file: FileIO, chunks: Numbers, codecs: Sequence[str], *, optional: bool) -> None:
        self._file, self._optional = file, optional
        self._chunks = list(zip(chunks, codecs, strict=True))
        self._at = self._end = 0
        self._packing: Any = None
        self._most = 0
        self._packed = memoryview(b"")  # used again for every page
        self._dictionary: tuple[Views, Any] | None = None
        self._page = _Page(np.zeros((0, 4), np.uint32), np.zeros(0, np.int64), None)
        self._next()

    def take(self, rows: int) -> pl.Series:
        """Return the next texts.

        Raises:
            pyarrow.ArrowInvalid: If there are not as many, or a page is broken or none that is known here.
        """
        views, levels = np.empty((rows, 4), np.uint32), np.empty(rows, np.int64)
        buffers: list[Any] = []
        filled = 0
        while filled < rows:
            if not self._page.left:
                self._next()
            filled += self._page.move(views[filled:], levels[filled:], len(buffers))
            buffers.append(self._page.buffer)
        valid = levels.astype(np.bool_)
        nulls = rows - int(np.count_nonzero(valid))
        mask = pa.py_buffer(np.packbits(valid, bitorder="little")) if nulls else None
        array = pa.Array.from_buffers(pa.binary_view(), rows, [mask, pa.py_buffer(views), *buffers], nulls)
        return decode(as_series(array))

    def _next(self) -> None:
        """Go on to the next page that holds texts."""
        while True:
            if self._at >= self._end:
                self._begin()
            header = self._header()
            data = self._unpacked(header)
            self._at += int(header[_SIZE] + header[_PACKED])
            if header[_TYPE] == _DICTIONARY_PAGE and header[_ENCODING] in (_PLAIN, _PLAIN_DICTIONARY):
                entries = self._plain(data, 0, np.ones(header[_COUNT], np.int64))
                self._dictionary = entries, data
            elif header[_TYPE] == _DATA_PAGE:
                self._page = self._texts(header, data)
                return
            else:
                raise pa.ArrowInvalid("a page of a kind that is not known here")

    def _begin(self) -> None:
        """Go on to the next row group."""
        if not self._chunks:
            raise pa.ArrowInvalid("a column ends too early")
        chunk, codec = self._chunks.pop(0)
        self._at = int(chunk[DICTIONARY_AT] if 0 < chunk[DICTIONARY_AT] < chunk[DATA_AT] else chunk[DATA_AT])
        self._end = self._at + int(chunk[COMPRESSED])
        self._most = int(chunk[UNCOMPRESSED])
        self._packing = None if codec == "UNCOMPRESSED" else pa.Codec(codec.lower())
        self._dictionary = None

    def _header(self) -> Numbers:
        for size in _HEADERS:
            read = os.pread(self._file.fileno(), max(0, min(size, self._end - self._at)), self._at)
            header = _header(np.frombuffer(read, np.uint8))
            if header[_SIZE] > 0:
                break
        if header[_SIZE] <= 0 or min(header[_COUNT], header[_PACKED], header[_UNPACKED]) < 0:
            raise pa.ArrowInvalid("a page without a header")
        if header[_COUNT] > max(header[_UNPACKED] * _RATIO, 1):
            raise pa.ArrowInvalid("a page claims more values than it can have")
        if self._at + header[_SIZE] + header[_PACKED] > self._end or header[_UNPACKED] > min(
            _PLENTY, self._most, _RATIO * header[_PACKED]
        ):
            raise pa.ArrowInvalid("a page claims more bytes than it can have")
        return header

    def _unpacked(self, header: Numbers) -> Any:
        size = int(header[_PACKED])
        if self._packing is None or len(self._packed) < size:
            self._packed = memoryview(bytearray(size))
        packed = self._packed[:size]
        if os.preadv(self._file.fileno(), [packed], self._at + int(header[_SIZE])) < size:
            raise pa.ArrowInvalid("a page is cut off")
        if header[_CRC] >= 0 and zlib.crc32(packed) != header[_CRC]:
            raise pa.ArrowInvalid("a page does not have the checksum that it claims")
        if self._packing is None or not size:
            return pa.py_buffer(packed)
        # Other memory than Arrow's own is not given back to the operating system between one page and the next.
        pool = pa.system_memory_pool()
        try:
            return self._packing.decompress(packed, int(header[_UNPACKED]), memory_pool=pool)
        except OSError as error:
            raise pa.ArrowInvalid("a page cannot be unpacked") from error

    def _plain(self, data: Any, at: int, levels: Numbers) -> Views:
        views = np.zeros((levels.size, 4), np.uint32)
        if _plain(np.frombuffer(data, np.uint8), at, levels, views) != data.size:
            raise pa.ArrowInvalid("the texts of a page are longer or shorter than the page")
        return views

    def _texts(self, header: Numbers, data: Any) -> "_Page":
        bytes_, levels, at = np.frombuffer(data, np.uint8), np.ones(header[_COUNT], np.int64), 0
        if self._optional:
            at = _levels(bytes_, levels) if header[_LEVELS] == _RLE else _BROKEN
        if at < 0:
            raise pa.ArrowInvalid("a page whose nulls are not told in a way that is known here")
        if header[_ENCODING] == _PLAIN:
            return _Page(self._plain(data, at, levels), levels, data)
        if header[_ENCODING] not in (_RLE_DICTIONARY, _PLAIN_DICTIONARY) or self._dictionary is None:
            raise pa.ArrowInvalid("a page in an encoding that is not known here")
        entries, buffer = self._dictionary
        views = np.zeros((levels.size, 4), np.uint32)
        if _coded(bytes_, at, levels, entries, views) != bytes_.size:
            raise pa.ArrowInvalid("a page names texts that its dictionary does not have")
        return _Page(views, levels, buffer)


class _Page:
    """The texts of a page that are left: their views, whether each is there (1) or null (0), and what they are in."""

    def __init__(self, views: Views, levels: Numbers, buffer: Any) -> None:
        self._views, self._levels, self.buffer = views, levels, buffer

    @property
    def left(self) -> int:
        return self._levels.size

    def move(self, views: Views, levels: Numbers, number: int) -> int:
        """Hand over as many texts as there is room for; their buffer has this number there. Return how many."""
        count = min(self.left, levels.size)
        views[:count], levels[:count] = self._views[:count], self._levels[:count]
        views[:count, 2][views[:count, 0] > _INLINE] = number
        self._views, self._levels = self._views[count:], self._levels[count:]
        return count


@njit(cache=True, nogil=True)
def _header(data: Bytes) -> Numbers:
    """What a PageHeader struct says (``_TYPE`` to ``_SIZE``, -1 where it says nothing); size 0 if it is not whole."""
    out = np.full(8, -1, np.int64)
    out[_SIZE] = 0
    at, number = 0, 0
    while True:
        kind, number, at = _field(data, at, number)
        if at < 0:
            return out
        if kind == _STOP:
            out[_SIZE] = at
            return out
        if kind == _I32 and 1 <= number <= 4:
            out[number - 1], at = _zigzag(data, at)
            if number - 1 == _CRC:
                out[_CRC] &= 0xFFFFFFFF
        elif kind == _STRUCT and number in (_DATA_HEADER, _DICTIONARY_HEADER):
            at = _page_header(data, at, out)
        else:
            at = _skip(data, at, kind)
        if at < 0:
            return out


@njit(cache=True, nogil=True)
def _page_header(data: Bytes, at: int, out: Numbers) -> int:
    """Take count, encoding and that of the nulls from a DataPageHeader or DictionaryPageHeader; return its end."""
    number = 0
    while True:
        kind, number, at = _field(data, at, number)
        if kind == _STOP or at < 0:
            return at
        if kind == _I32 and 1 <= number <= 3:
            out[_COUNT + number - 1], at = _zigzag(data, at)
        else:
            at = _skip(data, at, kind)


@njit(cache=True, nogil=True)
def _four(data, at):  # type: ignore[no-untyped-def]
    return (
        np.int64(data[at]) | np.int64(data[at + 1]) << 8 | np.int64(data[at + 2]) << 16 | np.int64(data[at + 3]) << 24
    )


@njit(cache=True, nogil=True)
def _runs(data, at, end, width, out):  # type: ignore[no-untyped-def]
    """Read as many numbers of some bits as ``out`` holds (RLE and bit-packed runs); return where they end, or -1."""
    filled = 0
    while filled < out.size:
        run, at = _varint(data, at)
        if at < 0 or at > end or run <= 1:
            return np.int64(_BROKEN)
        if run & 1:
            size = (run >> 1) * width
            count = min((run >> 1) * 8, out.size - filled)
            if at + size > end:
                return np.int64(_BROKEN)
            for k in range(count):
                bit = k * width
                place, shift = at + (bit >> 3), bit & 7
                value, have = np.int64(data[place]) >> shift, 8 - shift
                while have < width:
                    place += 1
                    value |= np.int64(data[place]) << have
                    have += 8
                out[filled + k] = value & ((1 << width) - 1)
            at += size
        else:
            value, size = np.int64(0), (width + 7) >> 3
            if at + size > end:
                return np.int64(_BROKEN)
            for k in range(size):
                value |= np.int64(data[at + k]) << (8 * k)
            at += size
            count = min(run >> 1, out.size - filled)
            out[filled : filled + count] = value
        filled += count
    return np.int64(at)


@njit(cache=True, nogil=True)
def _levels(data, levels):  # type: ignore[no-untyped-def]
    """Read which values of a page are there; return where they begin, or -1."""
    if data.size < 4:
        return np.int64(_BROKEN)
    end = 4 + _four(data, 0)
    if end > data.size or _runs(data, 4, end, 1, levels) < 0:
        return np.int64(_BROKEN)
    return np.int64(end)


@njit(cache=True, nogil=True)
def _plain(data, at, levels, views):  # type: ignore[no-untyped-def]
    """Write the views of texts that stand one after the other, each after its length; return where they end, or -1."""
    for row in range(levels.size):
        if levels[row] == 0:
            continue
        if at + 4 > data.size:
            return np.int64(_BROKEN)
        size = _four(data, at)
        at += 4
        if at + size > data.size:
            return np.int64(_BROKEN)
        views[row, 0] = size
        if size > _INLINE:
            views[row, 1] = _four(data, at)
            views[row, 3] = at
        else:
            for k in range(size):
                views[row, 1 + (k >> 2)] |= np.uint32(data[at + k]) << np.uint32(8 * (k & 3))
        at += size
    return np.int64(at)


@njit(cache=True, nogil=True)
def _coded(data, at, levels, entries, views):  # type: ignore[no-untyped-def]
    """Write the views of texts given by their places in a dictionary; return where they end, or -1."""
    there = np.int64(0)
    for row in range(levels.size):
        there += levels[row]
    if there == 0:
        return np.int64(data.size)
    if at >= data.size or data[at] > 32:
        return np.int64(_BROKEN)
    places = np.empty(there, np.int64)
    at = _runs(data, at + 1, data.size, np.int64(data[at]), places)
    k = 0
    for row in range(levels.size):
        if levels[row] == 0:
            continue
        if at < 0 or places[k] >= entries.shape[0]:
            return np.int64(_BROKEN)
        views[row] = entries[places[k]]
        k += 1
    return at
