from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.profile.store.samples import Samples

ROW = st.tuples(st.integers(0, 6), st.integers(0, 90), st.integers(1, 3), st.integers(-9, 9))

Row = tuple[int, int, int, int]


def add(samples: Samples, rows: list[Row], asked: list[bool] | None = None) -> list[int]:
    codes, members, requests, lows = (np.array(column) for column in zip(*rows, strict=True))
    mask = np.ones(len(rows), np.bool_) if asked is None else np.array(asked)
    fresh = samples.add(codes, mask, members.astype(np.uint64), requests, lows)
    return [int(row) for row in fresh]


def expected(rows: list[Row], limit: int) -> list[Row]:
    cells: dict[int, dict[int, list[int]]] = defaultdict(dict)
    for code, member, requests, low in rows:
        cell = cells[code].setdefault(member, [0, low])
        cell[:] = [cell[0] + requests, min(cell[1], low)]
    return [
        (code, member, *cells[code][member])  # type: ignore[misc]
        for code in sorted(cells)
        for member in sorted(cells[code])[:limit]
    ]


def contents(samples: Samples) -> list[Row]:
    return contents_of(samples, 7)


def contents_of(samples: Samples, accounts: int) -> list[Row]:
    t = samples.table(np.arange(accounts))
    return t.select("who", "member", "requests", "low").rows()


@pytest.mark.parametrize("limit", [1, 5, 16, 48])
@given(batches=st.lists(st.lists(ROW, min_size=1, max_size=120), min_size=1, max_size=4))
def test_the_smallest_members_are_kept_with_exact_counts_and_minima(batches: list[list[Row]], limit: int) -> None:
    samples = Samples(limit)
    for batch in batches:
        add(samples, batch)
    assert contents(samples) == expected([row for batch in batches for row in batch], limit)


def test_rows_that_bring_a_member_in_to_stay_are_named() -> None:
    samples = Samples(2)
    rows = [(0, 7, 1, 0), (0, 7, 1, 0), (0, 5, 1, 0), (0, 9, 1, 0), (0, 6, 1, 0)]
    assert add(samples, rows) == [2, 4]  # the 7 came in and was pushed out by the 6
    assert add(samples, [(0, 7, 1, 0), (0, 1, 1, 0), (1, 7, 1, 0)], [True, True, False]) == [1]
    assert [row[:3] for row in contents(samples)] == [(0, 1, 1), (0, 5, 1)]


@given(st.lists(st.lists(ROW, min_size=1, max_size=120), min_size=1, max_size=4))
def test_what_is_in_a_sample_was_named_once_when_it_came(batches: list[list[Row]]) -> None:
    samples = Samples(3)
    named: set[tuple[int, int]] = set()
    for batch in batches:
        before = {row[:2] for row in contents(samples)}
        new = [batch[row][:2] for row in add(samples, batch)]
        after = {row[:2] for row in contents(samples)}
        assert len(new) == len(set(new))
        assert set(new) == after - before
        named |= set(new)
    assert {row[:2] for row in contents(samples)} <= named


def test_many_accounts_and_members_outgrow_the_room_at_first() -> None:
    rng = np.random.default_rng(1)
    samples = Samples(16)
    codes = rng.integers(0, 5000, 60_000)
    members = rng.integers(0, 1 << 62, 60_000).astype(np.uint64)
    ones, zeros = np.ones(60_000, np.int64), np.zeros(60_000, np.int64)
    fresh = samples.add(codes, np.ones(60_000, np.bool_), members, ones, zeros)
    everyone = np.arange(5000)
    wanted = [np.sort(members[codes == code])[:16] for code in range(5000)]
    assert np.bincount(samples.table(everyone)["who"]).tolist() == [part.size for part in wanted]
    assert np.array_equal(samples.members(5000), np.concatenate(wanted))
    assert np.array_equal(np.sort(members[fresh]), np.sort(samples.members(5000)))


def test_room_that_samples_left_when_they_moved_is_used_again() -> None:
    samples = Samples(8)
    for account in range(1000):
        for member in range(8):
            add(samples, [(account, member, 1, 0)])
    # A sample has left places for one, two and four members when it has eight: they were given back now and then.
    assert samples.used <= 1000 * 8 + 7 * 700
    assert contents_of(samples, 1000) == [(k, member, 1, 0) for k in range(1000) for member in range(8)]


def test_accounts_without_a_row_have_empty_samples() -> None:
    samples = Samples(4)
    add(samples, [(3, 9, 1, 0)])
    assert samples.table(np.arange(5000)).height == 1
    assert samples.table(np.array([4999, 3]))["who"].to_list() == [1]
