"""Cut an uncompressed text file at ends of records into ranges that are read by themselves."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

#: Uncompressed files are cut into ranges of about this many bytes, each read by itself.
RANGE: Final = 32 << 20


def as_array(data: bytes) -> Bytes:
    """Return bytes as an array without a copy."""
    return np.frombuffer(data, np.uint8)


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
