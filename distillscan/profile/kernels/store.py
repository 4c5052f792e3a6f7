"""Loops that number keys and keep samples."""

from typing import Any, Final

import numpy as np

from distillscan.compiled import kernel
from distillscan.profile.kernels.arrays import I32, I64, P1, U8, U64, Bools

_1: Final = np.uint64(1)
_32: Final = np.uint64(32)


@kernel("i8(u8[::1], b1[::1], u8[::1], i4[::1], i8, i8[::1], i8[::1])")
def number_keys(keys: U64, wanted: Bools, known: U64, slots: I32, count: int, numbers: I64, new: I64) -> int:
    """Number keys in the order in which they are first met, with an open-addressing hash table.

    Args:
        keys: What to number.
        wanted: Which of them; the others get -1.
        known: The keys that have a number, in the order of their numbers; new ones are written after them.
        slots: The hash table, of numbers or -1: a power of two, at least twice as many as there may be keys.
        count: How many keys have a number.
        numbers: Receives the number of each key.
        new: Receives the rows at which a new key stands first.

    Returns:
        How many keys were new.
    """
    mask = np.uint64(slots.size - 1)
    added = 0
    for row in range(keys.size):
        number = -1
        if wanted[row]:
            key = keys[row]
            slot = ((key * P1) >> _32) & mask
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


@kernel("i8(i8, i8[::1], b1[::1], u8[::1], i8[::1], i8[::1], i8[::1], i8, i8[::1], u1[::1], i8[::1], i8[::1], i8[::1])")
def sample_members(  # noqa: C901 - one loop on purpose
    row: int, accounts: I64, wanted: Bools, members: U64, requests: I64, lows: I64, highs: I64,
    limit: int, starts: I64, sizes: U8, pool: I64, used: I64, new: I64,
) -> int:  # fmt: skip
    """Take members into the samples of accounts, from ``row`` on as far as there is room.

    A sample is a block of the pool, its members ascending, with room for 1, 2, 4, ... of them, ``limit`` at most. One
    that is full and grows moves to the end of the used part. A member larger than all of a sample with ``limit`` of
    them can never belong to it and is refused at the first look: most requests of a busy account cost no more.

    Args:
        row: The first row to take.
        accounts: The account of each row.
        wanted: Which rows count.
        members: The member that each row brings.
        requests: Its requests.
        lows: Value of which the smallest is kept.
        highs: Value of which the largest is kept.
        limit: Most members of a sample.
        starts: Where the sample of each account begins in ``pool``.
        sizes: How many members it has.
        pool: Four numbers a member: its bits, requests, low and high.
        used: The end of the used part of ``pool``, and how many rows ``new`` has.
        new: Receives the rows that brought a new member.

    Returns:
        The row for which there is no room, or the number of rows.
    """
    while row < accounts.size:
        account, member = accounts[row], members[row]
        first: Any = starts[account]
        size: Any = np.int64(sizes[account])
        end = first + 4 * size
        if not wanted[row] or (size == limit and member > np.uint64(pool[end - 4])):
            row += 1
            continue
        low = 0
        high = size
        while low < high:
            middle = (low + high) >> 1
            if np.uint64(pool[first + 4 * middle]) < member:
                low = middle + 1
            else:
                high = middle
        at = first + 4 * low
        if at < end and np.uint64(pool[at]) == member:
            pool[at + 1] += requests[row]
            pool[at + 2] = min(pool[at + 2], lows[row])
            pool[at + 3] = max(pool[at + 3], highs[row])
            row += 1
            continue
        if size < limit:
            if size & (size - 1) == 0:
                moved = used[0]
                room = 4 * min(limit, max(1, 2 * size))
                if moved + room > pool.size:
                    break
                for k in range(4 * size):
                    pool[moved + k] = pool[first + k]
                at, end = at + moved - first, end + moved - first
                starts[account] = moved
                used[0] = moved + room
            end += 4
            sizes[account] = size + 1
        for k in range(end - 1, at + 3, -1):
            pool[k] = pool[k - 4]
        pool[at], pool[at + 1], pool[at + 2], pool[at + 3] = np.int64(member), requests[row], lows[row], highs[row]
        new[used[1]] = row
        used[1] += 1
        row += 1
    return row
