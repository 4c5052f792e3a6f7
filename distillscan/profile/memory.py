"""How much memory a run may take: sizes as people write them, batches that fit, a stop before the machine is short."""

import os
import re
import sys
from pathlib import Path
from typing import Final

from distillscan.errors import InputError, UsageError

_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:([KMGT])(I?))?B?\s*", re.IGNORECASE)

#: What the libraries take before the first row is read, and what one thread takes for a batch of ``BATCH_ROWS``.
_BASE: Final = 400 << 20
_BATCH: Final = 240 << 20
_SMALLEST: Final = _BASE + _BATCH // 4
#: Rows profiled at once: more would take more memory, fewer cost more to hand over than to count.
BATCH_ROWS: Final = 65_536


def parse_size(text: str) -> int:
    """Return the bytes of a size such as ``4GB``, ``512 MiB`` or ``1.5G``.

    Raises:
        UsageError: It is none, or nothing could be done within it.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise UsageError(f"{text} is no size: write it like 4GB or 512MiB")
    number, unit, binary = match.groups(default="")
    size = int(float(number) * (1024 if binary else 1000) ** " KMGT".index(unit.upper() or " "))
    if size < _SMALLEST:
        raise UsageError(f"{text} is too little: the libraries alone take {_BASE >> 20} MiB; give 1GB or more")
    return size


def in_use() -> int:
    """Return the bytes of memory this process occupies now; where the platform does not say, at most so far."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return peak() or 0


def peak() -> int | None:
    """Return the most bytes of memory this process has occupied, None where the platform does not say."""
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


class Budget:
    """What ``--memory-limit`` allows; without a limit, everything."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit

    def threads(self, wanted: int) -> int:
        """Return how many batches may be under way at once: as many as fit into half of what is left."""
        if self._limit is None:
            return wanted
        return max(1, min(wanted, (self._limit - _BASE) // (2 * _BATCH)))

    def batch_rows(self) -> int:
        """Return how many rows a batch may have."""
        if self._limit is None:
            return BATCH_ROWS
        return max(1024, min(BATCH_ROWS, BATCH_ROWS * (self._limit - _BASE) // (2 * _BATCH)))

    def check(self, coming: int = 0) -> None:
        """Stop if the process, with so many bytes to come, is over the limit.

        Raises:
            InputError: It is.
        """
        if self._limit is None:
            return
        used = in_use() + coming
        if used > self._limit:
            raise InputError(
                f"this log needs more than --memory-limit allows ({used / 1e9:.2f} GB of {self._limit / 1e9:.2f} GB so "
                "far): raise the limit, or give the log in parts (one day or week at a time)"
            )
