"""Where records of a text file end, found without parsing them: to make blocks of whole records, and ranges of files.

The loops over bytes are compiled by numba, release the GIL and are cached on disk.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

Bytes = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

#: Uncompressed files are cut into ranges of about this many bytes, each read by itself.
RANGE: Final = 32 << 20

_LF, _CR, _QUOTE, _COMMA, _BACKSLASH = 10, 13, 34, 44, 92
_TAB, _SPACE = 9, 32
_SQUARE_OPEN, _SQUARE_CLOSE, _CURLY_OPEN, _CURLY_CLOSE = 91, 93, 123, 125
_ONES, _HIGHS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_QUOTES, _BACKSLASHES, _LFS = (np.uint64(byte) * _ONES for byte in (_QUOTE, _BACKSLASH, _LF))
_FNV_START: Final = np.uint64(0xCBF29CE484222325)
_FNV_TIMES: Final = np.uint64(0x100000001B3)
#: Keys that one call of the survey can report.
_KEYS: Final = 256


def as_array(data: bytes) -> Bytes:
    """Return bytes as an array without a copy."""
    return np.frombuffer(data, np.uint8)


@njit(cache=True, nogil=True)
def lines(data: Bytes) -> tuple[int, int]:
    """Count the lines that are not blank, and return the position after the last line end with the count up to it."""
    count, end, before = 0, 0, 0
    blank = True
    for at in range(len(data)):
        byte = data[at]
        if byte == _LF:
            if not blank:
                count += 1
            blank = True
            end = at + 1
            before = count
        elif blank and not (byte == _SPACE or _TAB <= byte <= _CR):
            blank = False
    return before, end


@njit(cache=True, nogil=True)
def _is_new(hashed: np.uint64, known: Hashes, found: Hashes) -> bool:
    low, high = 0, len(known)
    while low < high:
        middle = (low + high) // 2
        if known[middle] == hashed:
            return False
        if known[middle] < hashed:
            low = middle + 1
        else:
            high = middle
    return not (found == hashed).any()


@njit(cache=True, nogil=True)
def _has(word: np.uint64, byte: np.uint64) -> bool:
    """Whether one of eight bytes is ``byte``, which is given eight times."""
    other = word ^ byte
    return bool(((other - _ONES) & ~other & _HIGHS) != 0)


@njit(cache=True, nogil=True)
def _string_end(data: Bytes, words: Hashes, at: int) -> int:
    """Where a JSON string ends that begins at ``at``: at its quotation mark, or where its line or the data ends.

    ``words`` are the bytes eight at a time: most text holds nothing to stop at.
    """
    size = len(data)
    while True:
        while at % 8 and at < size and data[at] != _QUOTE and data[at] != _BACKSLASH and data[at] != _LF:
            at += 1
        if at % 8 == 0:
            place = at // 8
            while place < len(words) and not (
                _has(words[place], _QUOTES) or _has(words[place], _BACKSLASHES) or _has(words[place], _LFS)
            ):
                place += 1
            at = place * 8
        while at < size and data[at] != _QUOTE and data[at] != _BACKSLASH and data[at] != _LF:
            at += 1
        if at + 1 >= size or data[at] != _BACKSLASH or data[at + 1] == _LF:
            return at if at >= size or data[at] != _BACKSLASH else at + 1
        at += 2


@njit(cache=True, nogil=True)
def _hash(data: Bytes, at: int, end: int) -> np.uint64:
    hashed = _FNV_START
    while at < end:
        hashed = (hashed ^ np.uint64(data[at])) * _FNV_TIMES
        at += 1
    return hashed


@njit(cache=True, nogil=True)
def _survey(  # noqa: C901 (one state machine)
    data: Bytes, known: Hashes, starts: Places, ends: Places, hashes: Hashes
) -> tuple[int, int, int]:
    """Walk lines of JSON; see :func:`survey`. ``known`` is sorted; new keys go to the three arrays."""
    size, count, deepest, found = len(data), 0, 0, 0
    depth, blank, at, key_next = 0, True, 0, False
    words = data[: size // 8 * 8].view(np.uint64)
    while at < size:
        byte = data[at]
        if byte == _LF:
            if not blank:
                count += 1
            blank, depth, key_next = True, 0, False
        elif byte == _QUOTE:
            blank = False
            start = at + 1
            at = _string_end(data, words, start)
            if at >= size or data[at] == _LF:
                continue
            if key_next and found < len(starts):
                hashed = _hash(data, start, at)
                if _is_new(hashed, known, hashes[:found]):
                    starts[found], ends[found], hashes[found] = start, at, hashed
                    found += 1
            key_next = False
        elif byte in (_CURLY_OPEN, _SQUARE_OPEN):
            blank = False
            depth += 1
            deepest = max(deepest, depth)
            key_next = depth == 1 and byte == _CURLY_OPEN
        elif byte in (_CURLY_CLOSE, _SQUARE_CLOSE):
            blank = False
            depth -= 1
        elif byte == _COMMA:
            blank = False
            key_next = depth == 1
        elif blank and not (byte == _SPACE or _TAB <= byte <= _CR):
            blank = False
        at += 1
    return (count if blank else count + 1), deepest, found


@dataclass(frozen=True, slots=True)
class Survey:
    """What lines of JSON are like: how many are not blank, how deep they go, which unknown top-level keys they have."""

    lines: int
    depth: int
    new_keys: tuple[bytes, ...]


def survey(data: bytes, known: Hashes) -> Survey:
    """Look over lines of JSON without parsing them.

    Args:
        data: Whole lines.
        known: What :func:`hash_keys` returned for the keys that are no news.
    """
    starts, ends, hashes = np.empty(_KEYS, np.int64), np.empty(_KEYS, np.int64), np.empty(_KEYS, np.uint64)
    count, depth, found = _survey(as_array(data), known, starts, ends, hashes)
    return Survey(count, depth, tuple(data[starts[at] : ends[at]] for at in range(found)))


def hash_keys(keys: list[bytes]) -> Hashes:
    """Return the sorted hashes of keys as they are written in the file."""
    hashes = []
    for key in keys:
        hashed = int(_FNV_START)
        for byte in key:
            hashed = ((hashed ^ byte) * int(_FNV_TIMES)) & (2**64 - 1)
        hashes.append(hashed)
    return np.array(sorted(set(hashes)), np.uint64)


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes ``start`` to ``end`` of a file, which hold whole records: numbers ``first_row`` up to ``end_row``."""

    start: int
    end: int
    first_row: int
    end_row: int | None


def ranges(
    read: Callable[[int, int], bytes], begin: int, end: int, count: Callable[[Bytes], tuple[int, int]], size: int
) -> Iterator[Range]:
    """Cut a file into ranges of about ``size`` bytes at ends of records.

    Args:
        read: Returns so many bytes from a position on, fewer only at the end of the file.
        begin: Where the first record begins; the first range starts at 0 all the same.
        end: Where the last range ends.
        count: Returns how many whole records bytes begin with, and where the last one ends.
        size: Bytes a range should have.
    """
    start, row, wanted = begin, 0, size
    while start < end:
        data = read(start, min(wanted, end - start))
        if start + len(data) >= end or len(data) < wanted:
            break
        records, length = count(as_array(data))
        if not length:
            # One record is longer than all this: look on in larger steps.
            wanted *= 2
            if wanted > 16 * size:
                break
            continue
        yield Range(start if row or start > begin else 0, start + length, row, row + records)
        start, row, wanted = start + length, row + records, size
    yield Range(start if start > begin else 0, end, row, None)
