from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from distillscan.errors import InputError
from distillscan.profile import build_profile, empty_profile, entities, merge, profile_batch
from distillscan.profile.collect import Collector
from distillscan.profile.store import facts
from distillscan.profile.tables import LINKS_KEPT, PROMPTS_KEPT, SCHEMAS, Profile
from tests.support.handmade import START, canonical

SAYINGS = [
    "The answer to the question about the sea is that it is deep",
    "Of mountains it is known that they are high, as a rule",
]
WORDS = ["write", "a", "short", "poem", "about", "the", "sea", "and", "7", "mountains"]


@st.composite
def logs(draw: st.DrawFn) -> pl.DataFrame:
    def maybe(*values: Any) -> Any:
        return draw(st.sampled_from([None, *values]))

    def row() -> dict[str, Any]:
        return {
            "timestamp": START + timedelta(minutes=draw(st.integers(0, 5000))),
            "account_id": draw(st.sampled_from(["acct-1", "acct-2", "acct-3"])),
            "ip": maybe(
                "10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8:0:0:ffff::2", f"10.1.0.{draw(st.integers(0, 99))}"
            ),
            "user_agent": maybe("sdk/1.0", "sdk/1.1"),
            "email_domain": maybe("Example.org", "example.org "),
            "model": maybe("m1", "m2"),
            "prompt": maybe("", " ".join(draw(st.lists(st.sampled_from(WORDS), max_size=30))), f"Why?\n{SAYINGS[1]}"),
            "response": maybe("", "\n".join(f"{one} ({draw(st.integers(0, 40))})" for one in SAYINGS), SAYINGS[0]),
            "system_prompt": maybe("You are helpful on 2026-01-01.", "you are helpful on 2026-01-02."),
            "output_tokens": maybe(0, 17, 1 << 30),
            "status_code": maybe(200, 401, 403, 429, 500),
            "stop_reason": maybe("end_turn", "Refusal"),
            "account_created_at": maybe(START, START + timedelta(days=1)),
        }

    rows = [row() for _ in range(draw(st.integers(0, 40)))]
    return canonical(rows) if rows else canonical([{"timestamp": START, "account_id": "a"}]).clear()


def assert_same(left: Profile, right: Profile) -> None:
    for name in SCHEMAS:
        assert_frame_equal(getattr(left, name), getattr(right, name), check_exact=True)
    assert left.columns == right.columns


@given(logs(), st.lists(st.integers(0, 40), max_size=4), st.randoms(use_true_random=False))
def test_any_split_and_order_gives_the_same_profile(log: pl.DataFrame, cuts: list[int], random: Any) -> None:
    whole = merge([profile_batch(log)])
    order = list(range(log.height))
    random.shuffle(order)
    shuffled = log[order]
    edges = [0, *sorted(min(c, log.height) for c in cuts), log.height]
    parts = [profile_batch(shuffled[a:b]) for a, b in pairwise(edges)]
    assert_same(merge(parts), whole)
    assert_same(merge([merge(parts[:2]), merge(parts[2:])]), whole)
    assert_same(merge([whole, empty_profile()]), whole)


@given(logs())
def test_schemas_hold_and_counts_add_up(log: pl.DataFrame) -> None:
    profile = merge([profile_batch(log)])
    for name, schema in SCHEMAS.items():
        assert getattr(profile, name).schema == schema
    assert profile.requests == log.height
    assert profile.activity["requests"].sum() == log.height
    assert (
        profile.accounts["failed"].sum() == (log["status_code"] == 500).sum() if "status_code" in log.columns else True
    )


@given(logs())
def test_no_text_of_a_conversation_is_in_the_profile(log: pl.DataFrame) -> None:
    profile = merge([profile_batch(log)])
    stored = {
        text
        for name in SCHEMAS
        for column in getattr(profile, name).select(pl.col(pl.String)).get_columns()
        for text in column
    }
    for column in ("prompt", "system_prompt", "response"):
        if column in log.columns:
            texts = set(log[column].drop_nulls()) - {""}
            assert not texts & stored


def test_samples_are_bounded_whatever_the_traffic() -> None:
    rows = [
        {
            "timestamp": START,
            "account_id": "a",
            "ip": f"10.{k // 250}.{k % 250}.1",
            "prompt": f"prompt number {k}",
            "session_id": f"s{k}",
        }
        for k in range(3000)
    ]
    # Digits are masked in shingles but not in the identity of a prompt: three thousand distinct prompts.
    small, large = merge([profile_batch(canonical(rows[:300]))]), merge([profile_batch(canonical(rows))])
    assert large.prompts.height == PROMPTS_KEPT
    assert large.links.group_by("kind").len().sort("kind")["len"].to_list() == [LINKS_KEPT] * 3
    assert large.estimated_bytes() <= small.estimated_bytes() * 1.1


@pytest.mark.parametrize("threads", [1, 3])
def test_building_on_threads_equals_one_batch(threads: int) -> None:
    frames = [
        canonical(
            [
                {
                    "timestamp": START + timedelta(hours=k),
                    "account_id": f"a{k % 5}",
                    "prompt": f"tell me about item {k} now",
                }
            ],
            source=k,
        )
        for k in range(23)
    ]
    built = build_profile(([lambda f=frame: iter([f]) for frame in frames]), threads)  # type: ignore[misc]
    assert_same(built, merge([profile_batch(pl.concat(frames))]))


@pytest.mark.parametrize("threads", [1, 4])
def test_a_single_task_of_many_frames_is_profiled_whole(threads: int) -> None:
    frames = [canonical([{"timestamp": START, "account_id": f"a{k % 3}", "prompt": f"number {k}"}]) for k in range(50)]
    built = build_profile([lambda: iter(frames)], threads)
    assert_same(built, merge([profile_batch(pl.concat(frames))]))


def test_a_failing_task_is_raised_and_not_swallowed() -> None:
    def broken() -> Any:
        yield canonical([{"timestamp": START, "account_id": "a"}])
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        build_profile([broken, broken, broken], 2)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_frame_that_cannot_be_profiled_is_raised_and_ends_the_reading(threads: int) -> None:
    read: list[int] = []

    def endless() -> Iterator[pl.DataFrame]:
        for k in range(100_000):
            read.append(k)
            yield pl.DataFrame({"source": [0], "row": [k]})

    with pytest.raises(pl.exceptions.ColumnNotFoundError, match="account_id"):
        build_profile([endless, endless], threads)
    assert len(read) < 200_000


def test_the_size_of_the_profile_is_told_while_it_grows() -> None:
    frames = [
        canonical([{"timestamp": START, "account_id": f"a{k}-{j}", "ip": f"10.{k}.{j}.1", "prompt": f"{k} is {j}"}])
        for k in range(40)
        for j in range(5)
    ]
    told: list[int] = []
    profile = build_profile([lambda: iter(frames)], 1, told.append)
    assert told[0] == 0
    assert told == sorted(told)
    assert 0.5 < told[-1] / profile.estimated_bytes() < 2


def test_a_watcher_may_stop_the_reading() -> None:
    def full(_: int) -> None:
        raise InputError("no room")

    frame = canonical([{"timestamp": START, "account_id": "a"}])
    with pytest.raises(InputError, match="no room"):
        build_profile([lambda: iter([frame])], 2, full)


def test_no_tasks_give_the_empty_profile() -> None:
    assert_same(build_profile([], 2), empty_profile())
    assert_same(merge([]), empty_profile())


@given(logs(), logs())
def test_forgetting_what_nothing_needs_changes_nothing(left: pl.DataFrame, right: pl.DataFrame) -> None:
    whole = merge([profile_batch(pl.concat([left, right], how="diagonal"))])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(facts, "_KEPT_ANYWAY", 0)
        patch.setattr(entities, "_REMEMBERED", 0)
        collector = Collector()
        for frame in (left, right):
            for row in range(0, frame.height, 7):
                collector.add(frame[row : row + 7])
        assert_same(collector.profile(), whole)


def test_a_system_prompt_that_leaves_every_sample_is_forgotten() -> None:
    names = [f"You are assistant number {k}." for k in range(4 * LINKS_KEPT)]
    rows = [{"timestamp": START, "account_id": "a", "system_prompt": name} for name in names]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(facts, "_KEPT_ANYWAY", 0)
        collector = Collector()
        for at in range(0, len(rows), 20):
            collector.add(canonical(rows[at : at + 20]))
        assert collector._systems.facts._rows < 2 * LINKS_KEPT + 40
        profile = collector.profile()
    assert profile.systems.height == LINKS_KEPT
    assert profile.systems["tokens"].unique().to_list() == [5]
    assert profile.systems["system_prompt"].to_list() == profile.links["entity"].to_list()
