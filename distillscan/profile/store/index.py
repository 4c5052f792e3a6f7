"""Number 64-bit hashes in the order in which they are first met: an open-addressing hash table in numpy arrays."""

import numpy as np
import numpy.typing as npt
from numba import njit

from distillscan.profile.text.kernel import I64, U64

Bools = npt.NDArray[np.bool_]
I32 = npt.NDArray[np.int32]

_SMALLEST = 1 << 10


@njit(cache=True, nogil=True)
def _add(
    hashes: U64, asked: Bools, keys: U64, slots: I32, count: int, codes: I64, fresh: I64
) -> int:  # pragma: no cover - compiled
    """Number ``hashes``; return how many were new. Their rows go to ``fresh``, their keys to the end of ``keys``."""
    mask = np.uint64(slots.size - 1)
    added = 0
    for row in range(hashes.size):
        codes[row] = -1
        if not asked[row]:
            continue
        key = hashes[row]
        slot = key & mask
        while slots[slot] >= 0 and keys[slots[slot]] != key:
            slot = (slot + np.uint64(1)) & mask
        if slots[slot] < 0:
            slots[slot] = count + added
            keys[count + added] = key
            fresh[added] = row
            added += 1
        codes[row] = slots[slot]
    return added


@njit(cache=True, nogil=True)
def _place(keys: U64, slots: I32) -> None:
    mask = np.uint64(slots.size - 1)
    for code in range(keys.size):
        slot = keys[code] & mask
        while slots[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = code


class Index:
    """Hashes and their numbers, which count from 0 and never change."""

    def __init__(self) -> None:
        self.count = 0
        self._keys: U64 = np.empty(_SMALLEST, np.uint64)
        self._slots: I32 = np.full(2 * _SMALLEST, -1, np.int32)

    @property
    def keys(self) -> U64:
        """The hashes in the order of their numbers."""
        return self._keys[: self.count]

    def add(self, hashes: U64, asked: Bools) -> tuple[I64, I64]:
        """Number hashes, those not met before included.

        Args:
            hashes: What to number.
            asked: Which of them count; the others get -1.

        Returns:
            The number of each, and the rows at which a new hash stands first, in the order of the new numbers.
        """
        self._reserve(self.count + hashes.size)
        codes, fresh = np.empty(hashes.size, np.int64), np.empty(hashes.size, np.int64)
        added = _add(hashes, asked, self._keys, self._slots, self.count, codes, fresh)
        self.count += added
        return codes, fresh[:added]

    def _reserve(self, entries: int) -> None:
        if entries <= self._keys.size:
            return
        room = self._keys.size
        while room < entries:
            room *= 2
        keys = np.empty(room, np.uint64)
        keys[: self.count] = self.keys
        self._keys, self._slots = keys, np.full(2 * room, -1, np.int32)
        _place(self.keys, self._slots)
