"""Bottom-k samples of what accounts touched, kept in place while a log is read.

Every account has a block of members, ascending by hash. A member that is larger than all of a full block can never
belong to the sample, so it is refused at the first look: of a busy account's requests hardly any costs more.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from distillscan.profile.store.index import Bools
from distillscan.profile.text.kernel import I64, U32, U64

U8 = npt.NDArray[np.uint8]

_SMALLEST = 1 << 10


@njit(cache=True, nogil=True)
def _absorb(  # type: ignore[no-untyped-def]  # noqa: C901 - one loop on purpose
    begin,
    codes,
    asked,
    members,
    requests,
    lows,
    highs,
    rooms,
    start,
    size,
    grade,
    member,
    count,
    low,
    high,
    free,
    fresh,
):
    """Take rows from ``begin`` on; return the row that found no room (or the number of rows) and how many were new."""
    limit = rooms[rooms.size - 1]
    added = 0
    for row in range(begin, codes.size):
        if not asked[row]:
            continue
        code = codes[row]
        wanted = members[row]
        first = start[code]
        filled = np.int64(size[code])
        if filled == limit and wanted > member[first + filled - 1]:
            continue
        at, end = first, first + filled
        while at < end:
            middle = (at + end) >> 1
            if member[middle] < wanted:
                at = middle + 1
            else:
                end = middle
        if at < first + filled and member[at] == wanted:
            count[at] += requests[row]
            low[at] = min(low[at], lows[row])
            high[at] = max(high[at], highs[row])
            continue
        if filled < limit:
            if filled == rooms[grade[code]]:
                moved = _enlarge(first, filled, grade[code], rooms, member, count, low, high, free)
                if moved < 0:
                    return row, added
                at += moved - first
                first = moved
                start[code] = moved
                grade[code] += 1
            filled += 1
            size[code] = filled
        for k in range(first + filled - 1, at, -1):
            member[k] = member[k - 1]
            count[k] = count[k - 1]
            low[k] = low[k - 1]
            high[k] = high[k - 1]
        member[at] = wanted
        count[at] = requests[row]
        low[at] = lows[row]
        high[at] = highs[row]
        fresh[added] = row
        added += 1
    return codes.size, added


@njit(cache=True, nogil=True)
def _enlarge(first, filled, grade, rooms, member, count, low, high, free):  # type: ignore[no-untyped-def]
    """Move a full block to one of the next grade; return where that is, -1 if there is no room."""
    moved = _block(grade + 1, rooms, low, free)
    if moved < 0:
        return moved
    for k in range(filled):
        member[moved + k] = member[first + k]
        count[moved + k] = count[first + k]
        low[moved + k] = low[first + k]
        high[moved + k] = high[first + k]
    if filled > 0:
        low[first] = free[grade]
        free[grade] = first
    return moved


@njit(cache=True, nogil=True)
def _block(grade, rooms, low, free):  # type: ignore[no-untyped-def]
    """Where a block of this grade is free, -1 if nowhere. ``free[0]`` is the end of the used part of the pool."""
    if free[grade] >= 0:
        found = free[grade]
        free[grade] = low[found]
        return found
    found = free[0]
    if found + rooms[grade] > low.size:
        return np.int64(-1)
    free[0] = found + rooms[grade]
    return found


@njit(cache=True, nogil=True)
def _remaining(rows, codes, members, start, size, member):  # type: ignore[no-untyped-def]
    """Move the rows whose member is still in the sample to the front of ``rows``; return how many there are."""
    left = 0
    for row in rows:
        code = codes[row]
        if members[row] <= member[start[code] + size[code] - 1]:
            rows[left] = row
            left += 1
    return left


@njit(cache=True, nogil=True)
def _lay_out(codes, places, start, size, member, count, low, high, who, members, counts, lows, highs):  # type: ignore[no-untyped-def]
    for k in range(codes.size):
        code = codes[k]
        for at in range(size[code]):
            to = places[k] + at
            who[to] = k
            members[to] = member[start[code] + at]
            counts[to] = count[start[code] + at]
            lows[to] = low[start[code] + at]
            highs[to] = high[start[code] + at]


class Table:
    """Rows of samples, laid out one after the other.

    Attributes:
        who: The place of the row's account in the order asked for.
        member: Hash of the member.
        requests: Requests with it.
        low: Smallest of what was given as ``lows``.
        high: Largest of what was given as ``highs``.
    """

    def __init__(self, rows: int) -> None:
        self.who: I64 = np.empty(rows, np.int64)
        self.member: U64 = np.empty(rows, np.uint64)
        self.requests: U32 = np.empty(rows, np.uint32)
        self.low: I64 = np.empty(rows, np.int64)
        self.high: I64 = np.empty(rows, np.int64)


class Samples:
    """For every account (by number) the ``limit`` members with the smallest hash, with exact counts and bounds."""

    def __init__(self, limit: int) -> None:
        rooms = [0]
        while rooms[-1] < limit:
            rooms.append(min(limit, max(1, 2 * rooms[-1])))
        self._rooms: I64 = np.array(rooms, np.int64)
        # Heads of the lists of blocks given back, by grade; the first cell is where the unused part begins.
        self._free: I64 = np.full(len(rooms), -1, np.int64)
        self._free[0] = 0
        self._start: I64 = np.zeros(_SMALLEST, np.int64)
        self._size: U8 = np.zeros(_SMALLEST, np.uint8)
        self._grade: U8 = np.zeros(_SMALLEST, np.uint8)
        self._member: U64 = np.empty(_SMALLEST, np.uint64)
        self._count: U32 = np.empty(_SMALLEST, np.uint32)
        self._low: I64 = np.empty(_SMALLEST, np.int64)
        self._high: I64 = np.empty(_SMALLEST, np.int64)

    def add(self, codes: I64, asked: Bools, members: U64, requests: U32, lows: I64, highs: I64) -> I64:
        """Take rows, each a member of an account's set.

        Args:
            codes: Number of the account.
            asked: Which rows count.
            members: Hash of the member.
            requests: Requests with it.
            lows: Value of which the smallest is kept.
            highs: Value of which the largest is kept.

        Returns:
            The rows by which a member came into a sample and was not pushed out again by a later row.
        """
        fresh = np.empty(codes.size, np.int64)
        row = added = 0
        while True:
            row, new = _absorb(
                row, codes, asked, members, requests, lows, highs, self._rooms, self._start, self._size, self._grade,
                self._member, self._count, self._low, self._high, self._free, fresh[added:],
            )  # fmt: skip
            added += new
            if row == codes.size:
                left = _remaining(fresh[:added], codes, members, self._start, self._size, self._member)
                return fresh[:left]
            self._grow()

    def reserve(self, accounts: int) -> None:
        """Make room for this many accounts."""
        if accounts > self._size.size:
            more = max(accounts, 2 * self._size.size) - self._size.size
            self._start = np.concatenate([self._start, np.zeros(more, np.int64)])
            self._size = np.concatenate([self._size, np.zeros(more, np.uint8)])
            self._grade = np.concatenate([self._grade, np.zeros(more, np.uint8)])

    def _grow(self) -> None:
        more = self._member.size // 2
        self._member = np.concatenate([self._member, np.empty(more, np.uint64)])
        self._count = np.concatenate([self._count, np.empty(more, np.uint32)])
        self._low = np.concatenate([self._low, np.empty(more, np.int64)])
        self._high = np.concatenate([self._high, np.empty(more, np.int64)])

    @property
    def used(self) -> int:
        """Members there is room for in the blocks handed out."""
        return int(self._free[0])

    def sizes(self, codes: I64) -> I64:
        """Return how many members the samples of some accounts have."""
        return self._size[codes].astype(np.int64)

    def members(self, accounts: int) -> U64:
        """Return the members in the samples of the first ``accounts`` accounts, with repeats."""
        return self.table(np.arange(accounts)).member

    def table(self, codes: I64) -> Table:
        """Return the samples of some accounts, one after the other."""
        sizes = self.sizes(codes)
        table = Table(int(sizes.sum()))
        self.lay_out(codes, np.cumsum(sizes) - sizes, table)
        return table

    def lay_out(self, codes: I64, places: I64, table: Table) -> None:
        """Write the sample of each account into ``table`` from its place in ``places`` on."""
        _lay_out(
            codes, places, self._start, self._size, self._member, self._count, self._low, self._high,
            table.who, table.member, table.requests, table.low, table.high,
        )  # fmt: skip
