"""Thresholds of clustering are parameters: another value gives another answer, by accounts counted by hand."""

from dataclasses import replace

import numpy as np
import pytest

from distillscan.cluster import ClusterParameters
from distillscan.cluster.run import _disjoint
from distillscan.cluster.seeds import communities, crossed_sets
from distillscan.cluster.split import _declares, split
from distillscan.detect.base import Candidate
from tests.support.pools import BOTH, ONE, POOLS, TWO, Carried, tokens
from tests.support.populations import graph_of, signal_graph, signals_of

P = ClusterParameters()


def parts(carried: Carried, p: ClusterParameters) -> int:
    return len(split(graph_of(600, carried), np.array(BOTH, np.int64), p))


@pytest.mark.parametrize(("kinds", "needed", "expected"), [(1, 2, 2), (1, 1, 1), (2, 2, 1), (2, 3, 2)])
def test_so_many_weak_kinds_hold_parts_together(kinds: int, needed: int, expected: int) -> None:
    weak = {kind: {99: BOTH} for kind in ("signup", "email_domain")[:kinds]}
    assert parts({**POOLS, **weak}, replace(P, weak_kinds=needed)) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"meetings": 4}, 1),
        ({"meetings": 5}, 2),
        ({"meeting_share": 0.25}, 1),
        ({"meeting_share": 0.26}, 2),
        ({"habit": 0.85}, 1),
        ({"habit": 0.86}, 2),
    ],
)
def test_parts_that_meet_often_enough_are_one(changed: dict[str, float], expected: int) -> None:
    # Four conversations in common, of the sixteen that either pool has; seventeen of its twenty accounts are on any.
    pools = {**tokens(1, ONE, 12), **tokens(31, TWO, 12)}
    common = {500 + k: [ONE[k], TWO[k]] for k in range(4)}
    own = {100 * n + k: [pool[4 + k], pool[4 + (k + 5) % 13]] for n, pool in ((1, ONE), (2, TWO)) for k in range(12)}
    assert parts({"ip": pools, "conversation": {**common, **own}}, replace(P, **changed)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [({}, True), ({"declared_accounts": 6}, False), ({"declared_share": 0.81}, False), ({"declared_share": 0.6}, True)],
)
def test_who_openly_belongs_together(changed: dict[str, float], expected: bool) -> None:
    mine, theirs = np.array([7, 7, 7, 7, 0], np.uint64), np.array([7, 0, 0, 0, 0], np.uint64)
    assert _declares(mine, theirs, replace(P, **changed)) is expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, True),
        # Twelve would meet by chance where sixty do: 60 log2(5) - 48 / ln 2 = 70.07 bits, five times as many.
        ({"crossed_bits": 70.0}, True),
        ({"crossed_bits": 70.1}, False),
        ({"crossed_times": 4.9}, True),
        ({"crossed_times": 5.0}, False),
    ],
)
def test_two_traits_that_meet_are_a_seed_beyond_chance(changed: dict[str, float], found: bool) -> None:
    graph = graph_of(1000, {"rotation": {1: range(100)}, "tls": {2: [*range(60), *range(500, 560)]}})
    sets = [part.tolist() for part in crossed_sets(graph, replace(P, **changed))]  # type: ignore[arg-type]
    assert (list(range(60)) in sets) is found


@pytest.mark.parametrize(("most", "sizes"), [(24, [100, 90, 30, 40]), (1, [100, 40])])
def test_only_the_commonest_tokens_are_crossed(most: int, sizes: list[int]) -> None:
    graph = graph_of(1000, {"rotation": {1: range(100), 2: range(100, 190)}, "tls": {3: range(60, 130)}})
    found = crossed_sets(graph, replace(P, most_crossed=most))
    assert sorted(part.size for part in found) == sorted(sizes)


@pytest.mark.parametrize(("small", "linked"), [(64, False), (129, True)])
def test_in_a_small_log_a_token_need_not_be_rare(small: int, linked: bool) -> None:
    graph = graph_of(128, {"payment": {1: range(17)}})
    assert bool(communities(graph, replace(P, small_log=small))) is linked


@pytest.mark.parametrize(("needed", "marked"), [(3.0, True), (4.0, False)])
def test_so_many_pairs_must_meet_on_conversations(needed: float, marked: bool) -> None:
    carried = {"conversation": {k: [2 * k, 2 * k + 1] for k in range(3)}}
    plain = graph_of(2000, carried)
    graph = signal_graph(plain.population, signals_of(plain.population, carried), replace(P, met_pairs=needed))
    assert (graph.characteristic("conversation", np.arange(40)).size == 3) is marked


@pytest.mark.parametrize(("share", "kept"), [(0.5, 2), (0.51, 1)])
def test_what_is_mostly_taken_is_no_operator_of_its_own(share: float, kept: int) -> None:
    graph = graph_of(100, {"ip": {1: [0, 1]}})
    strong = Candidate(np.arange(10), graph, np.full(10, 9.0))
    other = Candidate(np.arange(5, 15), graph, np.full(10, 5.0))
    assert len(_disjoint(graph, [strong, other], replace(P, free_share=share))) == kept
