"""The tables that are kept in place: numbers of hashes, cells of activity, sums of accounts, facts."""

from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.profile.store import facts as facts_module
from distillscan.profile.store.accounts import NO_MINIMUM, Accounts, owned
from distillscan.profile.store.activity import Activity
from distillscan.profile.store.facts import Facts
from distillscan.profile.store.index import Index

# Hashes that fall on few slots of a small table, so that they get into each other's way.
HASH = st.one_of(st.integers(0, 5).map(lambda k: k << 40 | 3), st.integers(0, (1 << 64) - 1))


@given(st.lists(st.lists(st.tuples(HASH, st.booleans()), max_size=30), max_size=5))
def test_hashes_are_numbered_as_they_are_met(batches: list[list[tuple[int, bool]]]) -> None:
    index, numbers = Index(), dict[int, int]()
    for batch in batches:
        hashes = np.array([h for h, _ in batch], np.uint64)
        asked = np.array([a for _, a in batch], np.bool_)
        expected, fresh = [], []
        for row, (value, wanted) in enumerate(batch):
            if wanted and value not in numbers:
                numbers[value] = len(numbers)
                fresh.append(row)
            expected.append(numbers[value] if wanted else -1)
        codes, new = index.add(hashes, asked)
        assert (codes.tolist(), new.tolist()) == (expected, fresh)
    assert index.keys.tolist() == list(numbers)
    assert index.count == len(numbers)


def test_numbers_stay_when_the_table_grows() -> None:
    hashes = np.random.default_rng(3).integers(0, 1 << 63, 5000).astype(np.uint64)
    index = Index()
    first = [index.add(hashes[at : at + 700])[0] for at in range(0, 5000, 700)]
    assert np.concatenate(first).tolist() == list(range(5000))
    assert index.add(hashes)[0].tolist() == list(range(5000))


CELL = st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(-3, 3), st.integers(1, 9))


def rows_of(activity: Activity, accounts: int) -> list[tuple[int, int, int, int]]:
    """The cells, of accounts whose hash is their number and a hundred."""
    table = activity.table(np.arange(accounts).astype(np.uint64) + np.uint64(100))
    return [(account - 100, *rest) for account, *rest in table.iter_rows()]


@given(st.lists(st.lists(CELL, min_size=1, max_size=50), min_size=1, max_size=4))
def test_activity_counts_every_cell(batches: list[list[tuple[int, int, int, int]]]) -> None:
    activity, expected = Activity(), Counter[tuple[int, int, int]]()
    for batch in batches:
        accounts, models, hours, requests = (np.array(column) for column in zip(*batch, strict=True))
        activity.add(accounts, models.astype(np.uint64), hours, requests)
        for account, model, hour, count in batch:
            expected[account, model, hour] += count
    assert rows_of(activity, 5) == sorted((*cell, count) for cell, count in expected.items())


@pytest.mark.parametrize("hour", [-(1 << 31), -1, 0, (1 << 31) - 1])
def test_any_hour_is_told_from_any_other(hour: int) -> None:
    activity = Activity()
    hours = np.array([hour, 5, hour])
    activity.add(np.array([0, 0, 1]), np.array([7, (1 << 64) - 1, 7], np.uint64), hours, np.ones(3, np.int64))
    assert rows_of(activity, 2) == [(0, 7, hour, 1), (0, (1 << 64) - 1, 5, 1), (1, 7, hour, 1)]


def test_activity_outgrows_its_first_room() -> None:
    activity = Activity()
    for _ in range(2):
        for start in range(0, 9000, 3000):
            accounts = np.arange(start, start + 3000)
            activity.add(accounts, (accounts % 3).astype(np.uint64), accounts // 7, np.ones(3000, np.int64))
    assert rows_of(activity, 9000) == [(k, k % 3, k // 7, 2) for k in range(9000)]


def test_accounts_sum_and_bound_and_say_none_where_there_is_nothing() -> None:
    accounts = Accounts()
    codes = accounts.number(np.array([9, 4, 9], np.uint64), pl.Series(["nine", "four", "nine"]))
    values = np.array([5, 7, 3])
    accounts.add(codes, {"requests": np.ones(3, np.int64), "first": values, "last": values, "input_tokens": values})
    accounts.add(codes[:1], {"first_denied": np.array([NO_MINIMUM])})
    table = accounts.table(np.argsort(accounts.index.keys))
    assert table.select("account", "account_id", "requests", "input_tokens").rows() == [
        (4, "four", 1, 7),
        (9, "nine", 2, 8),
    ]
    assert table["first"].to_physical().to_list() == [7, 3]
    assert table["last"].to_physical().to_list() == [7, 5]
    assert table.select("created", "last_served", "first_denied").null_count().row(0) == (2, 2, 2)


def test_accounts_outgrow_their_first_room() -> None:
    accounts = Accounts()
    hashes = np.arange(3000, dtype=np.uint64)
    for _ in range(2):
        codes = accounts.number(hashes, pl.Series([f"acct-{k}" for k in hashes]))
        accounts.add(codes, {"requests": np.ones(3000, np.int64)})
    table = accounts.table(np.argsort(accounts.index.keys))
    assert table["account_id"].to_list() == [f"acct-{k}" for k in range(3000)]
    assert set(table["requests"]) == {2}


def test_picked_texts_do_not_keep_the_batch_alive() -> None:
    column = pl.Series("x", [f"a text too long to be kept in a view {k}" for k in range(1000)])
    few = owned(column.gather([3, 5]))
    assert few.to_list() == ["a text too long to be kept in a view 3", "a text too long to be kept in a view 5"]
    assert sum(buffer.size for buffer in few.to_arrow(compat_level=pl.CompatLevel.newest()).buffers() if buffer) < 200
    assert few.name == "x"


def known(keys: list[int]) -> pl.DataFrame:
    return pl.DataFrame({"key": keys, "value": [f"value {key}" for key in keys]}, schema_overrides={"key": pl.UInt64})


def claim(facts: Facts, *keys: int) -> list[int]:
    rows: list[int] = facts.claim(np.array(keys, np.uint64)).tolist()
    return rows


def test_facts_are_claimed_once_and_found_by_key() -> None:
    facts = Facts(pl.Schema({"value": pl.String()}))
    assert claim(facts, 7, 8, 7) == [0, 1]
    assert claim(facts, 8, 9) == [1]
    facts.put(known([7, 8, 9]))
    asked = pl.DataFrame({"key": [9, 1, 7]}, schema={"key": pl.UInt64})
    assert facts.of(asked).rows() == [(9, "value 9"), (1, None), (7, "value 7")]


def test_facts_that_nothing_needs_are_forgotten_and_may_be_claimed_again() -> None:
    facts = Facts(pl.Schema({"value": pl.String()}))
    claim(facts, 1, 2, 3)
    facts.put(known([1, 2]))
    facts.retain(np.array([2, 3, 2], np.uint64))
    assert claim(facts, 1, 2, 3) == [0]
    facts.put(known([3, 1, 1]))
    asked = pl.DataFrame({"key": [1, 2, 3]}, schema={"key": pl.UInt64})
    assert facts.of(asked)["value"].to_list() == ["value 1", "value 2", "value 3"]


def test_facts_are_crowded_when_they_have_more_than_doubled() -> None:
    facts = Facts(pl.Schema({"value": pl.String()}))
    keep = facts_module._KEPT_ANYWAY
    keys = np.arange(keep + 1, dtype=np.uint64)
    facts.claim(keys)
    rows = pl.DataFrame({"key": keys, "value": ["x"] * (keep + 1)})
    facts.put(rows[:keep])
    assert not facts.crowded
    facts.put(rows[keep:])
    assert facts.crowded
    facts.retain(keys[:10])
    facts.put(rows[: keep + 1])
    assert not facts.crowded
