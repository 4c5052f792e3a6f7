from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.cluster.refine import _next_round as next_round
from distillscan.cluster.weigh import Unclaimed, joined_carriers, union, within
from distillscan.population.graph import Marks
from tests.support import dense
from tests.support.crowds import P
from tests.support.populations import graph_of

SIZE = 60
numbers = st.sets(st.integers(0, SIZE - 1), max_size=SIZE)


def array(values: set[int]) -> Any:
    return np.array(sorted(values), np.int64)


class TestSets:
    @given(numbers, st.lists(st.integers(0, SIZE - 1)))
    def test_within_says_which_are_among_others(self, some: set[int], others: list[int]) -> None:
        found = within(array(some), np.sort(np.array(others, np.int64)))
        assert found.tolist() == [number in others for number in sorted(some)]

    @given(st.lists(numbers))
    def test_a_union_has_every_number_once(self, sets: list[set[int]]) -> None:
        assert union([array(one) for one in sets]).tolist() == sorted(set().union(*sets))


@st.composite
def small_worlds(draw: st.DrawFn) -> tuple[dict[str, dict[int, set[int]]], set[int]]:
    """Who of sixteen accounts carries which token of a few kinds, and who are the members."""
    kinds = st.sampled_from(["payment", "device", "session"])
    carriers = st.dictionaries(st.integers(1, 8), st.sets(st.integers(0, 15), min_size=1, max_size=7), min_size=1)
    return draw(st.dictionaries(kinds, carriers, min_size=1)), draw(st.sets(st.integers(0, 15), min_size=1))


class TestReach:
    @given(small_worlds(), st.sets(st.integers(0, 15)), st.integers(2, 6))
    def test_it_counts_the_members_whom_a_carrier_meets(
        self, world: tuple[dict[str, dict[int, set[int]]], set[int]], carriers: set[int], wanted: int
    ) -> None:
        carried, members = world
        carriers &= {k for tokens in carried.values() for who in tokens.values() for k in who}
        expected = set()
        for k in carriers:
            mine = [(kind, who) for kind, tokens in carried.items() for who in tokens.values() if k in who]
            met = {k}.union(*(who & members for _, who in mine))
            large = any(len(who & members) >= (2 if kind == "session" else wanted) for kind, who in mine)
            if large or len(met) >= wanted:
                expected.add(k)
        graph = graph_of(16, carried)
        chosen = {}
        for kind in graph.kinds:
            inside = graph.carriers_among(kind, array(members))
            chosen[kind] = Marks(np.arange(inside.size), inside)
        found = joined_carriers(graph, chosen, array(carriers), array(members), wanted)
        assert set(array(carriers)[found].tolist()) == expected


@st.composite
def crowds_with_a_group(draw: st.DrawFn) -> tuple[dict[str, dict[int, set[int]]], set[int], set[int]]:
    """Tokens of many kinds, some of them a group's, the group roughly, and accounts that are claimed."""
    kinds = [
        "template",
        "payment",
        "device",
        "session",
        "conversation",
        "ip",
        "tls",
        "user_agent",
        "rotation",
        "intent",
    ]
    group = set(range(draw(st.integers(5, 14))))
    carried: dict[str, dict[int, set[int]]] = {}
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=2, max_size=6, unique=True)):
        stray = st.sets(st.integers(0, SIZE - 1), max_size=4)
        chance = {token: who for token in range(2, 6) if (who := draw(stray))}
        carried[kind] = {1: (group - draw(stray)) | draw(stray) or {0}, **chance}
    return carried, group - draw(st.sets(st.integers(0, 4), max_size=2)), draw(st.sets(st.integers(40, SIZE - 1)))


@given(crowds_with_a_group())
def test_a_round_is_the_same_as_if_every_account_were_weighed(
    world: tuple[dict[str, dict[int, set[int]]], set[int], set[int]],
) -> None:
    carried, members, claimed = world
    graph = graph_of(SIZE, carried)
    mask = np.isin(np.arange(SIZE), sorted(claimed))
    found, bits = next_round(array(members), P, Unclaimed(graph, mask))
    expected, expected_bits = dense.next_round(graph, array(members), P, mask)
    assert found.tolist() == expected
    assert bits.tolist() == pytest.approx(expected_bits, abs=1e-9)
