"""How many requests each account made of each model in each hour: counted in place while a log is read."""

import numpy as np
from numba import njit

from distillscan.profile.store.index import I32
from distillscan.profile.text.kernel import I64, P1, P2, U32

_SMALLEST = 1 << 10
_S32 = np.uint64(32)


@njit(cache=True, nogil=True)
def _slot(code, model, hour, mask):  # type: ignore[no-untyped-def]
    h = (np.uint64(code) * P1 ^ np.uint64(hour)) * P2 ^ np.uint64(model)
    h *= P1
    return (h ^ (h >> _S32)) & mask


@njit(cache=True, nogil=True)
def _count(codes, models, hours, requests, account, model, hour, count, slots, used):  # type: ignore[no-untyped-def]
    """Add rows to the cells; return how many cells there are."""
    mask = np.uint64(slots.size - 1)
    for row in range(codes.size):
        slot = _slot(codes[row], models[row], hours[row], mask)
        while True:
            at = slots[slot]
            if at < 0:
                slots[slot] = used
                account[used] = codes[row]
                model[used] = models[row]
                hour[used] = hours[row]
                count[used] = requests[row]
                used += 1
                break
            if account[at] == codes[row] and model[at] == models[row] and hour[at] == hours[row]:
                count[at] += requests[row]
                break
            slot = (slot + np.uint64(1)) & mask
    return used


@njit(cache=True, nogil=True)
def _place(account, model, hour, slots, used):  # type: ignore[no-untyped-def]
    mask = np.uint64(slots.size - 1)
    for at in range(used):
        slot = _slot(np.int64(account[at]), np.int64(model[at]), np.int64(hour[at]), mask)
        while slots[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = at


class Activity:
    """Cells of account, model (both by number) and hour, with their requests."""

    def __init__(self) -> None:
        self._used = 0
        self._account: I32 = np.empty(_SMALLEST, np.int32)
        self._model: I32 = np.empty(_SMALLEST, np.int32)
        self._hour: I32 = np.empty(_SMALLEST, np.int32)
        self._requests: U32 = np.empty(_SMALLEST, np.uint32)
        self._slots: I32 = np.full(2 * _SMALLEST, -1, np.int32)

    def add(self, codes: I64, models: I64, hours: I64, requests: U32) -> None:
        """Count rows."""
        self._reserve(self._used + codes.size)
        self._used = _count(
            codes, models, hours, requests,
            self._account, self._model, self._hour, self._requests, self._slots, self._used,
        )  # fmt: skip

    def cells(self) -> tuple[I32, I32, I32, U32]:
        """Return account, model, hour and requests of every cell, in no particular order."""
        used = self._used
        return self._account[:used], self._model[:used], self._hour[:used], self._requests[:used]

    def _reserve(self, cells: int) -> None:
        room = self._account.size
        if cells <= room:
            return
        while room < cells:
            room *= 2
        more = room - self._account.size
        self._account = np.concatenate([self._account, np.empty(more, np.int32)])
        self._model = np.concatenate([self._model, np.empty(more, np.int32)])
        self._hour = np.concatenate([self._hour, np.empty(more, np.int32)])
        self._requests = np.concatenate([self._requests, np.empty(more, np.uint32)])
        self._slots = np.full(2 * room, -1, np.int32)
        _place(self._account, self._model, self._hour, self._slots, self._used)
