"""Where the records of a CSV file end, found without parsing them: to cut it into blocks, and ranges for threads."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from distillscan.read.formats.csv_dialect import Style, record_patterns

#: Files are cut into ranges of about this many bytes, each read by itself.
RANGE: Final = 32 << 20
_BLANK_LINES: Final = re.compile(rb"[\r\n]*+")


class RecordCounter:
    """Counts the whole records that bytes begin with, as Arrow's CSV parser sees them.

    A quotation mark counts only where a field begins; blank lines are no records.
    """

    def __init__(self, separator: str, style: Style = "rfc") -> None:
        quoted, rest = record_patterns(separator, style)
        field = rf'(?:(?!")|{quoted}){rest}' if style != "letters" else rest
        one = rf"(?:{field}{re.escape(separator)})*+{field}[\r\n]++"
        self._record = re.compile(one.encode(), re.DOTALL)
        self._escapes = style == "mysql"

    def __call__(self, data: bytes) -> tuple[int, int]:
        """Return how many there are, and the position after the last one and the blank lines behind it."""
        start = _BLANK_LINES.match(data)
        end = start.end() if start is not None else 0
        odd = b'"' in data or b"\r" in data or b"\n\n" in data or (self._escapes and b"\\" in data)
        if not odd:
            last = data.rfind(b"\n") + 1
            return data.count(b"\n", end, last), max(end, last)
        records = 0
        while match := self._record.match(data, end):
            records, end = records + 1, match.end()
        return records, end


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes ``start`` to ``end`` of a file, which hold whole records: numbers ``first_row`` up to ``end_row``."""

    start: int
    end: int
    first_row: int
    end_row: int | None


def cut_ranges(
    read: Callable[[int, int], bytes], begin: int, end: int, count: Callable[[bytes], tuple[int, int]], size: int
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
        records, length = count(data)
        if not length:
            # One record is longer than all this: look on in larger steps.
            wanted *= 2
            if wanted > 16 * size:
                break
            continue
        yield Range(start if row or start > begin else 0, start + length, row, row + records)
        start, row, wanted = start + length, row + records, size
    yield Range(start if start > begin else 0, end, row, None)
