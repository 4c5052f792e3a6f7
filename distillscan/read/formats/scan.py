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

#: Uncompressed files are cut into ranges of about this many bytes, each read by itself.
RANGE: Final = 32 << 20

_LF, _CR, _QUOTE = 10, 13, 34


def as_array(data: bytes) -> Bytes:
    """Return bytes as an array without a copy."""
    return np.frombuffer(data, np.uint8)


@njit(cache=True, nogil=True)
def csv_records(data: Bytes, separator: int) -> tuple[int, int, bool]:  # noqa: C901 (one state machine)
    """Count the whole records at the beginning of ``data``, as Arrow's CSV parser sees them.

    Quotation marks count only at the beginning of a field; empty lines are no records.

    Returns:
        How many there are, the position after the last one, and whether the data ends inside quotation marks.
    """
    size, at, records, end = len(data), 0, 0, 0
    while at < size:
        if data[at] == _LF or data[at] == _CR:
            at += 1
            end = at
            continue
        whole = False
        while not whole:
            if at < size and data[at] == _QUOTE:
                at += 1
                closed = False
                while at < size and not closed:
                    if data[at] != _QUOTE:
                        at += 1
                    elif at + 1 < size and data[at + 1] == _QUOTE:
                        at += 2
                    else:
                        at += 1
                        closed = True
                if not closed:
                    return records, end, True
            while at < size and data[at] != separator and data[at] != _LF and data[at] != _CR:
                at += 1
            if at >= size:
                return records, end, False
            whole = data[at] != separator
            at += 1
        if data[at - 1] == _CR and at < size and data[at] == _LF:
            at += 1
        records += 1
        end = at
    return records, end, False


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
