"""Number 64-bit keys in the order in which they are first met: an open-addressing hash table in numpy arrays."""

from typing import Any, Final, TypeVar, cast

import numpy as np
import numpy.typing as npt

from distillscan.compiled import I32, I64, U64, Bools, kernel

Numbers = TypeVar("Numbers", bound=npt.NDArray[Any])

SMALLEST: Final = 1 << 10
#: An odd constant with well spread bits (fractional digits of the golden ratio).
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
_1, _32 = np.uint64(1), np.uint64(32)


class Index:
    """Keys and their numbers, which count from 0 and never change."""

    def __init__(self) -> None:
        self.count = 0
        self._keys: U64 = np.empty(SMALLEST, np.uint64)
        self._slots: I32 = np.full(2 * SMALLEST, -1, np.int32)

    @property
    def keys(self) -> U64:
        """The keys in the order of their numbers."""
        return self._keys[: self.count]

    def add(self, keys: U64, wanted: Bools | None = None) -> tuple[I64, I64]:
        """Number keys, those not met before included.

        Args:
            keys: What to number.
            wanted: Which of them; the others get -1.

        Returns:
            The number of each, and the rows at which a new key stands first, in the order of the new numbers.
        """
        known, room = self.keys, self._keys.size
        while room < self.count + keys.size:
            room *= 2
        if room > self._keys.size:
            self._keys, self._slots, self.count = np.empty(room, np.uint64), np.full(2 * room, -1, np.int32), 0
            self.add(known)  # numbers them as before
        numbers, new = np.empty(keys.size, np.int64), np.empty(keys.size, np.int64)
        wanted = np.ones(keys.size, np.bool_) if wanted is None else wanted
        added = number_keys(keys, wanted, self._keys, self._slots, self.count, numbers, new)
        self.count += added
        return numbers, new[:added]


def enlarged(values: Numbers, count: int, start: int = 0) -> Numbers:
    """Return ``values`` with room for ``count`` of them or twice as many as before; new ones are ``start``."""
    if count <= values.size:
        return values
    more = np.full(max(count - values.size, values.size), start, values.dtype)
    return cast("Numbers", np.concatenate([values, more]))


@kernel("i8(u8[::1], b1[::1], u8[::1], i4[::1], i8, i8[::1], i8[::1])")
def number_keys(keys: U64, wanted: Bools, known: U64, slots: I32, count: int, numbers: I64, new: I64) -> int:
    """Number keys with an open-addressing hash table, and return how many were new; see ``Index.add``.

    ``known`` are the keys that have a number, ``count`` of them, in the order of their numbers; new ones are written
    after them. ``slots`` is the table, of numbers or -1: a power of two, at least twice as many as there may be keys.
    """
    mask = np.uint64(slots.size - 1)
    added = 0
    for row in range(keys.size):
        number = -1
        if wanted[row]:
            key = keys[row]
            slot = ((key * _SPREAD) >> _32) & mask
            while slots[slot] >= 0 and known[slots[slot]] != key:
                slot = (slot + _1) & mask
            if slots[slot] < 0:
                slots[slot] = count + added
                known[count + added] = key
                new[added] = row
                added += 1
            number = slots[slot]
        numbers[row] = number
    return added
