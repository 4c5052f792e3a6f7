"""Bottom-k samples of what accounts touched, kept in place while a log is read (see ``kernels.sample_members``)."""

from dataclasses import dataclass

import numpy as np

from distillscan.profile import kernels
from distillscan.profile.kernels.arrays import I64, U8, U64, Bools

_SMALLEST = 1 << 10
#: Numbers a member takes in the pool: its bits, requests, low, high.
_WIDTH = 4
#: Accounts whose samples are moved at once.
_MOVED = 1 << 14


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of samples, one account after the other.

    Attributes:
        who: The place of the row's account in the order asked for.
        member: Hash of the member.
        requests: Requests with it.
        low: Smallest of what was given as ``lows``.
        high: Largest of what was given as ``highs``.
    """

    who: I64
    member: U64
    requests: I64
    low: I64
    high: I64


class Samples:
    """For every account (by number) the ``limit`` members with the smallest hash, with exact counts and bounds."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._starts: I64 = np.zeros(_SMALLEST, np.int64)
        self._sizes: U8 = np.zeros(_SMALLEST, np.uint8)
        self._pool: I64 = np.empty(_WIDTH * _SMALLEST, np.int64)
        self._end = 0  # of the used part of the pool

    def add(self, accounts: I64, wanted: Bools | None, members: U64, requests: I64, lows: I64, highs: I64) -> I64:
        """Take rows, each a member of an account's set.

        Args:
            accounts: Number of the account.
            wanted: Which rows count; ``None`` if all do.
            members: Hash of the member.
            requests: Requests with it.
            lows: Value of which the smallest is kept.
            highs: Value of which the largest is kept.

        Returns:
            The rows by which a member came into a sample and was not pushed out again by a later row.
        """
        self._reserve(accounts)
        wanted = np.ones(accounts.size, np.bool_) if wanted is None else wanted
        new, used = np.empty(accounts.size, np.int64), np.array([self._end, 0])
        row = 0
        while True:
            row = kernels.sample_members(
                row, accounts, wanted, members, requests, lows, highs, self._limit,
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
        """Make room for accounts with these numbers."""
        count = int(accounts.max(initial=-1)) + 1
        if count > self._sizes.size:
            more = max(count, 2 * self._sizes.size) - self._sizes.size
            self._starts = np.concatenate([self._starts, np.zeros(more, np.int64)])
            self._sizes = np.concatenate([self._sizes, np.zeros(more, np.uint8)])

    def _make_room(self) -> int:
        """Close the gaps that samples left when they moved, enlarge the pool, and return the end of its used part."""
        sizes = self._sizes.astype(np.int64)
        rooms = np.minimum(self._limit, 1 << np.ceil(np.log2(np.maximum(sizes, 1))).astype(np.int64)) * (sizes > 0)
        starts = np.cumsum(rooms) - rooms
        end = int(rooms.sum())
        pool = np.empty((end + end // 2 + _SMALLEST, _WIDTH), np.int64)
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

    def sizes(self, accounts: I64) -> I64:
        """Return how many members the samples of some accounts have."""
        self._reserve(accounts)
        return self._sizes[accounts].astype(np.int64)

    def members(self, accounts: int) -> U64:
        """Return the members in the samples of the first ``accounts`` accounts, with repeats."""
        return self.table(np.arange(accounts)).member

    def table(self, accounts: I64) -> Table:
        """Return the samples of some accounts, one after the other."""
        sizes = self.sizes(accounts)
        at = spans(self._starts[accounts] // _WIDTH, sizes)
        rows = self._pool.reshape(-1, _WIDTH)[at]
        member, requests, low, high = (rows[:, column].copy() for column in range(_WIDTH))
        return Table(np.repeat(np.arange(accounts.size), sizes), member.view(np.uint64), requests, low, high)


def spans(starts: I64, sizes: I64) -> I64:
    """Return all places from each start on, as many as its size says."""
    within = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    places: I64 = np.repeat(starts, sizes) + within
    return places
