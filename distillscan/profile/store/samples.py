"""Bottom-k samples of what accounts touched, kept in place while a log is read."""

from typing import Any, Final

import numpy as np
import polars as pl

from distillscan.compiled import I64, U8, U64, Bools, kernel
from distillscan.profile.store.index import SMALLEST, enlarged

#: Numbers a member takes in the pool: its bits, requests, low.
_WIDTH: Final = 3
#: Accounts whose samples are moved at once.
_MOVED: Final = 1 << 14


class Samples:
    """For every account (by number) the ``limit`` members with the smallest hash, with exact counts and minima."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._starts: I64 = np.zeros(SMALLEST, np.int64)
        self._sizes: U8 = np.zeros(SMALLEST, np.uint8)
        self._pool: I64 = np.empty(_WIDTH * SMALLEST, np.int64)
        self._end = 0  # of the used part of the pool

    def add(self, accounts: I64, wanted: Bools | None, members: U64, requests: I64, lows: I64) -> I64:
        """Take rows, each a member of an account's set.

        Args:
            accounts: Number of the account.
            wanted: Which rows count; ``None`` if all do.
            members: Hash of the member.
            requests: Requests with it.
            lows: Value of which the smallest is kept.

        Returns:
            The rows by which a member came into a sample and was not pushed out again by a later row.
        """
        self._reserve(accounts)
        wanted = np.ones(accounts.size, np.bool_) if wanted is None else wanted
        new, used = np.empty(accounts.size, np.int64), np.array([self._end, 0])
        row = 0
        while True:
            row = sample_members(
                row, accounts, wanted, members, requests, lows, self._limit,
                self._starts, self._sizes, self._pool, used, new,
            )  # fmt: skip
            if row == accounts.size:
                break
            used[0] = self._make_room()
        self._end = int(used[0])
        new = new[: used[1]]
        last = self._starts[accounts[new]] + _WIDTH * (self._sizes[accounts[new]].astype(np.int64) - 1)
        kept: I64 = new[members[new] <= self._pool[last].view(np.uint64)]
        return kept

    def _reserve(self, accounts: I64) -> None:
        count = int(accounts.max(initial=-1)) + 1
        self._starts, self._sizes = enlarged(self._starts, count), enlarged(self._sizes, count)

    def _make_room(self) -> int:
        """Close the gaps that samples left when they moved, enlarge the pool, and return the end of its used part."""
        sizes = self._sizes.astype(np.int64)
        rooms = np.minimum(self._limit, 1 << np.ceil(np.log2(np.maximum(sizes, 1))).astype(np.int64)) * (sizes > 0)
        starts = np.cumsum(rooms) - rooms
        end = int(rooms.sum())
        pool = np.empty((2 * end + SMALLEST, _WIDTH), np.int64)
        for first in range(0, sizes.size, _MOVED):  # a part at a time, so that little memory is needed beside the pool
            part = slice(first, first + _MOVED)
            old = spans(self._starts[part] // _WIDTH, sizes[part])
            pool[spans(starts[part], sizes[part])] = self._pool.reshape(-1, _WIDTH)[old]
        self._starts, self._pool = _WIDTH * starts, pool.ravel()
        return _WIDTH * end

    @property
    def used(self) -> int:
        """Members there is room for in the used part of the pool."""
        return self._end // _WIDTH

    def members(self, accounts: int) -> U64:
        """Return the members in the samples of the first ``accounts`` accounts, with repeats."""
        members: U64 = self.table(np.arange(accounts))["member"].to_numpy()
        return members

    def table(self, accounts: I64) -> pl.DataFrame:
        """Return the samples of some accounts, one after the other.

        Returns:
            Columns ``who`` (place of the account in ``accounts``), ``member`` (its hash), ``requests`` and ``low``
            (the smallest of what was given as ``lows``).
        """
        self._reserve(accounts)
        sizes = self._sizes[accounts].astype(np.int64)
        rows = self._pool.reshape(-1, _WIDTH)[spans(self._starts[accounts] // _WIDTH, sizes)]
        member, requests, low = rows.T.copy()
        who = np.repeat(np.arange(accounts.size), sizes)
        return pl.DataFrame({"who": who, "member": member.view(np.uint64), "requests": requests, "low": low})


def spans(starts: I64, sizes: I64) -> I64:
    """Return all places from each start on, as many as its size says."""
    within = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    places: I64 = np.repeat(starts, sizes) + within
    return places


@kernel("i8(i8, i8[::1], b1[::1], u8[::1], i8[::1], i8[::1], i8, i8[::1], u1[::1], i8[::1], i8[::1], i8[::1])")
def sample_members(  # noqa: C901 - one loop on purpose
    row: int, accounts: I64, wanted: Bools, members: U64, requests: I64, lows: I64,
    limit: int, starts: I64, sizes: U8, pool: I64, used: I64, new: I64,
) -> int:  # fmt: skip
    """Take members into the samples of accounts, from ``row`` on as far as there is room; see ``Samples.add``.

    A sample is a block of the pool, its members ascending (three numbers each: bits, requests and low), with room
    for 1, 2, 4, ... of them, ``limit`` at most. One that is full and grows moves to the end of the used part. A member
    larger than all of a sample with ``limit`` of them can never belong to it and is refused at the first look: most
    requests of a busy account cost no more. ``used`` is the end of the used part of the pool, and how many rows ``new``
    has, which receives those that brought a new member.

    Returns:
        The row for which there is no room, or the number of rows.
    """
    while row < accounts.size:
        account, member = accounts[row], members[row]
        first: Any = starts[account]
        size: Any = np.int64(sizes[account])
        end = first + _WIDTH * size
        if not wanted[row] or (size == limit and member > np.uint64(pool[end - _WIDTH])):
            row += 1
            continue
        low = 0
        high = size
        while low < high:
            middle = (low + high) >> 1
            if np.uint64(pool[first + _WIDTH * middle]) < member:
                low = middle + 1
            else:
                high = middle
        at = first + _WIDTH * low
        if at < end and np.uint64(pool[at]) == member:
            pool[at + 1] += requests[row]
            pool[at + 2] = min(pool[at + 2], lows[row])
            row += 1
            continue
        if size < limit:
            if size & (size - 1) == 0:
                moved = used[0]
                room = _WIDTH * min(limit, max(1, 2 * size))
                if moved + room > pool.size:
                    break
                for k in range(_WIDTH * size):
                    pool[moved + k] = pool[first + k]
                at, end = at + moved - first, end + moved - first
                starts[account] = moved
                used[0] = moved + room
            end += _WIDTH
            sizes[account] = size + 1
        for k in range(end - 1, at + _WIDTH - 1, -1):
            pool[k] = pool[k - _WIDTH]
        pool[at], pool[at + 1], pool[at + 2] = np.int64(member), requests[row], lows[row]
        new[used[1]] = row
        used[1] += 1
        row += 1
    return row
