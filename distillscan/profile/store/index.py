"""Number 64-bit keys in the order in which they are first met: an open-addressing hash table in numpy arrays."""

import numpy as np

from distillscan.profile import kernels
from distillscan.profile.kernels.arrays import I32, I64, U64, Bools

_SMALLEST = 1 << 10


class Index:
    """Keys and their numbers, which count from 0 and never change."""

    def __init__(self) -> None:
        self.count = 0
        self._keys: U64 = np.empty(_SMALLEST, np.uint64)
        self._slots: I32 = np.full(2 * _SMALLEST, -1, np.int32)

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
        self._reserve(self.count + keys.size)
        numbers, new = np.empty(keys.size, np.int64), np.empty(keys.size, np.int64)
        wanted = np.ones(keys.size, np.bool_) if wanted is None else wanted
        added = kernels.number_keys(keys, wanted, self._keys, self._slots, self.count, numbers, new)
        self.count += added
        return numbers, new[:added]

    def _reserve(self, entries: int) -> None:
        if entries <= self._keys.size:
            return
        known, room = self.keys, self._keys.size
        while room < entries:
            room *= 2
        self._keys, self._slots, self.count = np.empty(room, np.uint64), np.full(2 * room, -1, np.int32), 0
        self.add(known)  # numbers them as before
