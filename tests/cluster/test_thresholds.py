"""Thresholds of clustering, by accounts counted by hand; of parameters another value gives another answer."""

from dataclasses import replace

import numpy as np
import pytest

from distillscan.cluster import ClusterParameters
from distillscan.cluster.run import _disjoint
from distillscan.cluster.seeds import crossed_sets
from distillscan.cluster.split import _declares, split
from distillscan.cluster.weigh import Unclaimed
from distillscan.detect.base import Candidate
from tests.support.pools import BOTH, ONE, POOLS, TWO, Carried, tokens
from tests.support.populations import graph_of

P = ClusterParameters()


def parts(carried: Carried, p: ClusterParameters) -> int:
    return len(split(graph_of(600, carried), np.array(BOTH, np.int64), p))


@pytest.mark.parametrize(("kinds", "needed", "expected"), [(1, 2, 2), (1, 1, 1), (2, 2, 1), (2, 3, 2)])
def test_so_many_weak_kinds_hold_parts_together(kinds: int, needed: int, expected: int) -> None:
    weak = {kind: {99: BOTH} for kind in ("signup", "email_domain")[:kinds]}
    assert parts({**POOLS, **weak}, replace(P, weak_kinds=needed)) == expected


@pytest.mark.parametrize(("habit", "expected"), [(0.85, 1), (0.86, 2)])
def test_parts_that_meet_often_enough_are_one(habit: float, expected: int) -> None:
    # Four conversations in common, of the sixteen that either pool has; seventeen of its twenty accounts are on any.
    pools = {**tokens(1, ONE, 12), **tokens(31, TWO, 12)}
    common = {500 + k: [ONE[k], TWO[k]] for k in range(4)}
    own = {100 * n + k: [pool[4 + k], pool[4 + (k + 5) % 13]] for n, pool in ((1, ONE), (2, TWO)) for k in range(12)}
    assert parts({"ip": pools, "conversation": {**common, **own}}, replace(P, habit=habit)) == expected


@pytest.mark.parametrize(
    ("mine", "share", "expected"),
    [([7, 7, 7, 7, 0], 0.8, True), ([7, 7, 7, 7, 0], 0.81, False), ([7, 7, 7, 0, 0], 0.6, True), ([7] * 4, 0.8, False)],
)
def test_who_openly_belongs_together(mine: list[int], share: float, expected: bool) -> None:
    theirs = np.array([7, 0, 0, 0, 0], np.uint64)
    assert _declares(np.array(mine, np.uint64), theirs, replace(P, declared_share=share)) is expected


@pytest.mark.parametrize(
    ("both", "first", "second", "found"),
    [
        # Three would meet by chance where fifteen do: 15 log2(5) - 12 / ln 2 = 17.5 bits; where 17 do, 22.3 bits.
        (15, 50, 60, False),
        (17, 50, 60, True),
        # Twenty where sixty do is hundreds of bits, but three times as many and no more.
        (60, 100, 200, False),
        (61, 100, 200, True),
    ],
)
def test_two_traits_that_meet_are_a_seed_beyond_chance(both: int, first: int, second: int, found: bool) -> None:
    carried: Carried = {"rotation": {1: range(first)}, "tls": {2: [*range(both), *range(500, 500 + second - both)]}}
    sets = [part.tolist() for part in crossed_sets(graph_of(1000, carried), P)]
    assert (list(range(both)) in sets) is found


def test_only_the_commonest_tokens_are_crossed() -> None:
    # Twenty-four programs of ten accounts each, and one of nine: every one meets the rotation, the last is not tried.
    programs = {k: range(10 * k, 10 * k + 10) for k in range(24)} | {24: range(240, 249)}
    found = crossed_sets(graph_of(4000, {"rotation": {1: range(249)}, "tls": programs}), P)
    assert [part.size for part in found] == [249] + [10] * 24


@pytest.mark.parametrize(("pairs", "marked"), [(3, True), (2, False)])
def test_so_many_pairs_must_meet_on_conversations(pairs: int, marked: bool) -> None:
    graph = graph_of(2000, {"conversation": {k: [2 * k, 2 * k + 1] for k in range(pairs)}})
    assert (graph.characteristic("conversation", np.arange(40)).size == pairs) is marked


@pytest.mark.parametrize(("first", "kept"), [(5, 2), (4, 1)])
def test_what_is_mostly_taken_is_no_operator_of_its_own(first: int, kept: int) -> None:
    graph = graph_of(100, {"ip": {1: [0, 1]}})
    strong = Candidate(np.arange(10), graph, np.full(10, 9.0))
    other = Candidate(np.arange(first, first + 10), graph, np.full(10, 5.0))
    assert len(_disjoint([strong, other], replace(P, min_accounts=4), Unclaimed(graph))) == kept
