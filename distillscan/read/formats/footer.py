"""What a Parquet footer says of each column of each row group, read here and not by Arrow.

Arrow ends the whole process when the footer of a broken or encrypted file contradicts itself in places; a file that
nobody vouches for must not be able to do that. The footer is a Thrift struct in the compact protocol.

The functions that walk it are plain Python, and compiled for footers that are long: compiling them takes seconds, and
most files have a few thousand bytes of footer.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FunctionType, MappingProxyType
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from numba import njit

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]

#: Columns of the table that :func:`column_chunks` returns; what is not said is -1.
VALUES, UNCOMPRESSED, COMPRESSED, DATA_AT, DICTIONARY_AT, ENCRYPTED, CODEC = range(7)
_WIDTH: Final = 7
#: Codecs by the number a footer has for them. Arrow ends the process when it is asked for the name of another number.
CODEC_NAMES: Final[Mapping[int, str]] = MappingProxyType(
    {0: "UNCOMPRESSED", 1: "SNAPPY", 2: "GZIP", 3: "LZO", 4: "BROTLI", 5: "LZ4", 6: "ZSTD", 7: "LZ4_RAW"}
)

_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT, _UUID = (
    *(0, 1, 2, 3, 4, 5, 6),
    *(7, 8, 9, 10, 11, 12, 13),
)
#: Field numbers of the format: FileMetaData.row_groups, RowGroup.columns, ColumnChunk.meta_data and crypto_metadata.
_ROW_GROUPS, _COLUMNS, _META_DATA, _CRYPTO = 4, 1, 3, 8
#: ColumnMetaData: codec, num_values, total_uncompressed_size, total_compressed_size, data and dictionary page offset.
_CODEC, _NUM_VALUES, _TOTAL_UNCOMPRESSED, _TOTAL_COMPRESSED, _DATA_OFFSET, _DICTIONARY_OFFSET = 4, 5, 6, 7, 9, 11
#: PageHeader: uncompressed_page_size, compressed_page_size.
_UNPACKED, _PACKED = 2, 3
#: Bytes that hold most page headers; what a page may always claim; more than any decompressor makes of one byte.
_HEADER: Final = 4096
_PLENTY: Final = 64 << 20
_RATIO: Final = 40_000
_MAX_DEPTH: Final = 64
#: Bytes of a footer that plain Python walks in a fraction of a second.
_SHORT: Final = 32 << 10
#: Bytes of column chunks that have few pages.
_LITTLE: Final = 4 << 20
_BROKEN: Final = -1


def column_chunks(path: Path, groups: int, columns: int) -> Numbers | None:
    """Return a table of row groups by columns by ``VALUES`` to ``CODEC``; ``None`` if the footer is not like that.

    Args:
        path: The file.
        groups: Row groups it should have.
        columns: Columns, counted at the leaves.
    """
    with path.open("rb") as file:
        file.seek(-8, 2)
        size = int.from_bytes(file.read(4), "little")
        file.seek(-8 - size, 2)
        footer = np.frombuffer(file.read(size), np.uint8)
    table = np.full((groups, columns, _WIDTH), -1, np.int64)
    walk = _file if size <= _SHORT else COMPILED["_file"]
    with np.errstate(over="ignore"):  # numbers go round at 64 bits, as in compiled code: what is hostile only lies
        return table if walk(footer, table) else None


def page_that_lies(path: Path, chunks: Numbers) -> int | None:
    """Return how many bytes a page of some column chunks claims to have, if that cannot be; ``None`` if all can.

    Arrow takes a page's word for it, packed or unpacked, and fetches up to 2 GB of memory for what a flipped bit says.

    Args:
        path: The file.
        chunks: Rows of the table of :func:`column_chunks`.
    """
    walk = _page if int(chunks[:, COMPRESSED].sum()) <= _LITTLE else COMPILED["_page"]
    with path.open("rb") as file, np.errstate(over="ignore"):
        for chunk in chunks:
            at = int(chunk[DICTIONARY_AT] if 0 < chunk[DICTIONARY_AT] < chunk[DATA_AT] else chunk[DATA_AT])
            end = at + int(chunk[COMPRESSED])
            while 0 <= at < end:
                header = os.pread(file.fileno(), _HEADER, at)
                unpacked, packed, size = walk(np.frombuffer(header, np.uint8))
                if size <= 0 or packed < 0:
                    break  # longer than usual, or broken: Arrow sees which
                if unpacked > _PLENTY and unpacked > min(int(chunk[UNCOMPRESSED]), _RATIO * packed):
                    return int(unpacked)
                at += size + packed
                if packed > _PLENTY and at > end + _HEADER:
                    return int(packed)
    return None


def _byte(data: Bytes, at: int) -> int:
    return np.int64(data[at])  # type: ignore[return-value]


def _varint(data: Bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while at < len(data) and shift < 64:
        byte = _byte(data, at)
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    return 0, _BROKEN


def _zigzag(data: Bytes, at: int) -> tuple[int, int]:
    value, at = _varint(data, at)
    return (value >> 1) ^ -(value & 1), at


def _field(data: Bytes, at: int, before: int) -> tuple[int, int, int]:
    """The header of a struct's next field: its type (stop at the end), its number and where its value begins."""
    if at < 0 or at >= len(data):
        return _STOP, 0, _BROKEN
    header = _byte(data, at)
    kind, step = header & 0x0F, header >> 4
    if header == _STOP:
        return _STOP, 0, at + 1
    if step:
        return kind, before + step, at + 1
    number, at = _zigzag(data, at + 1)
    return kind, number, at


def _list(data: Bytes, at: int) -> tuple[int, int, int]:
    """The header of a list: the type of its items, how many there are and where they begin."""
    if at >= len(data):
        return 0, 0, _BROKEN
    header = _byte(data, at)
    count = header >> 4
    if count < 15:
        return header & 0x0F, count, at + 1
    count, at = _varint(data, at + 1)
    return header & 0x0F, count, at


def _scalar(data: Bytes, at: int, kind: int, in_list: bool) -> int:
    """Where a value that holds no others ends."""
    if kind in (_TRUE, _FALSE):
        return at + 1 if in_list else at
    if kind == _BYTE:
        return at + 1
    if _I16 <= kind <= _I64:
        return _varint(data, at)[1]
    if kind == _DOUBLE:
        return at + 8
    if kind == _BINARY:
        size, at = _varint(data, at)
        return at + size if 0 <= size <= len(data) and at >= 0 else _BROKEN
    return at + 16 if kind == _UUID else _BROKEN


def _skip(data: Bytes, at: int, kind: int) -> int:  # noqa: C901 (one loop over all kinds)
    """Where a value ends, whatever is in it."""
    if kind not in (_LIST, _SET, _MAP, _STRUCT):
        return _scalar(data, at, kind, False)
    # Per open container: its kind, items left, type of items (of a map: of keys, and of values), last field number.
    open_kinds, left = np.zeros(_MAX_DEPTH, np.int64), np.zeros(_MAX_DEPTH, np.int64)
    items, values = np.zeros(_MAX_DEPTH, np.int64), np.zeros(_MAX_DEPTH, np.int64)
    depth = 0
    begin = kind
    while True:
        if begin != _STOP:
            if depth == _MAX_DEPTH:
                return _BROKEN
            open_kinds[depth] = begin
            if begin in (_LIST, _SET):
                items[depth], left[depth], at = _list(data, at)
            elif begin == _MAP:
                left[depth], at = _varint(data, at)
                if left[depth] > 0 and 0 <= at < len(data):
                    items[depth], values[depth] = data[at] >> 4, data[at] & 0x0F
                    left[depth] *= 2
                    at += 1
            depth += 1
            begin = _STOP
        if at < 0 or at > len(data):
            return _BROKEN
        top = depth - 1
        if open_kinds[top] == _STRUCT:
            inner, _, at = _field(data, at, 0)
            if at < 0:
                return _BROKEN
            ended = inner == _STOP
        else:
            ended = left[top] <= 0
            inner = values[top] if open_kinds[top] == _MAP and left[top] % 2 else items[top]
            left[top] -= 1
        if ended:
            depth -= 1
            if depth == 0:
                return at
        elif inner in (_LIST, _SET, _MAP, _STRUCT):
            begin = inner
        else:
            at = _scalar(data, at, inner, open_kinds[top] != _STRUCT)


def _meta_data(data: Bytes, at: int, row: Numbers) -> int:
    """Take from a ColumnMetaData struct what is wanted; returns where it ends."""
    number = 0
    while True:
        kind, number, at = _field(data, at, number)
        if kind == _STOP or at < 0:
            return at
        place = -1
        if number == _NUM_VALUES:
            place = VALUES
        elif number == _TOTAL_UNCOMPRESSED:
            place = UNCOMPRESSED
        elif number == _TOTAL_COMPRESSED:
            place = COMPRESSED
        elif number == _DATA_OFFSET:
            place = DATA_AT
        elif number == _DICTIONARY_OFFSET:
            place = DICTIONARY_AT
        elif number == _CODEC:
            place = CODEC
        if place >= 0 and kind == (_I32 if place == CODEC else _I64):
            row[place], at = _zigzag(data, at)
        else:
            at = _skip(data, at, kind)


def _page(data: Bytes) -> tuple[int, int, int]:
    """What a PageHeader struct says of the page's size unpacked and packed, and its own size; 0 if it is not whole."""
    at, number = 0, 0
    sizes = np.full(2, -1, np.int64)
    while True:
        kind, number, at = _field(data, at, number)
        if at < 0:
            return 0, 0, 0
        if kind == _STOP:
            return sizes[0], sizes[1], at
        if kind == _I32 and number in (_UNPACKED, _PACKED):
            sizes[number - _UNPACKED], at = _zigzag(data, at)
        else:
            at = _skip(data, at, kind)
        if at < 0:
            return 0, 0, 0


def _columns(data: Bytes, at: int, rows: Numbers) -> int:
    """Take the column chunks of one row group, given as a list; returns where it ends."""
    item, count, at = _list(data, at)
    if item != _STRUCT or count != len(rows):
        return _BROKEN
    for column in range(count):
        number = 0
        while True:
            kind, number, at = _field(data, at, number)
            if at < 0:
                return _BROKEN
            if kind == _STOP:
                break
            if number == _CRYPTO:
                rows[column, ENCRYPTED] = 1
            at = (
                _meta_data(data, at, rows[column])
                if number == _META_DATA and kind == _STRUCT
                else _skip(data, at, kind)
            )
            if at < 0:
                return _BROKEN
    return at


def _row_groups(data: Bytes, at: int, table: Numbers) -> int:
    item, count, at = _list(data, at)
    if item != _STRUCT or count != len(table):
        return _BROKEN
    for group in range(count):
        number, found = 0, False
        while True:
            kind, number, at = _field(data, at, number)
            if at < 0:
                return _BROKEN
            if kind == _STOP:
                break
            if number == _COLUMNS and kind == _LIST:
                at = _columns(data, at, table[group])
                found = True
            else:
                at = _skip(data, at, kind)
            if at < 0:
                return _BROKEN
        if not found:
            return _BROKEN
    return at


def _file(data: Bytes, table: Numbers) -> bool:
    at, number = 0, 0
    while True:
        kind, number, at = _field(data, at, number)
        if kind == _STOP or at < 0:
            return False
        if number == _ROW_GROUPS and kind == _LIST:
            return _row_groups(data, at, table) >= 0
        at = _skip(data, at, kind)


def _compiled(*functions: Callable[..., Any]) -> Mapping[str, Any]:
    """The same functions for numba, by name; they call each other. Nothing is compiled before it is called."""
    space = dict(globals())
    for function in functions:
        again = FunctionType(cast("FunctionType", function).__code__, space, function.__name__)
        space[function.__name__] = njit(cache=True, nogil=True)(again)
    return MappingProxyType({function.__name__: space[function.__name__] for function in functions})


#: The functions above as numba has them, for long footers and for other compiled functions.
COMPILED: Final = _compiled(
    *(_byte, _varint, _zigzag, _field, _list, _scalar, _skip, _meta_data, _page, _columns, _row_groups, _file)
)
