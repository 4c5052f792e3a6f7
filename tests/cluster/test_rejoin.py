"""Rejoining: candidates that are parts of one pool come together, whatever order they were found in."""

from collections.abc import Iterable
from itertools import permutations

import numpy as np
import pytest
from test_population import Carried, population_of, signals_of

from distillscan.cluster.candidates import Refined, _rejoined
from distillscan.cluster.split import tied_sets
from distillscan.parameters import ClusterParameters
from distillscan.population import Ints, SignalGraph

P = ClusterParameters(min_accounts=5, lift=6.0, alike=0.7, resolution=1.0, seed=1, rejoined=0.9)
A, B, C = range(10), range(10, 20), range(20, 30)


def members(*sets: Iterable[int]) -> list[Ints]:
    return [np.array(list(one), np.int64) for one in sets]


POPULATION = population_of(
    [{"account_id": f"p{k}", "payment_id": f"c{k}", "ip": f"10.{k // 250}.{k % 250}.1"} for k in range(900)]
)


def graph_of(carried: Carried) -> SignalGraph:
    """Accounts that each have a card and an address of their own, and what they carry in common."""
    return SignalGraph(POPULATION, signals_of(POPULATION, carried))


def graph(joined: Iterable[int]) -> SignalGraph:
    """Three sets with addresses of their own, of which some members share cards."""
    own = {k: [*one] for first, one in ((1, A), (11, B), (21, C)) for k in range(first, first + 3)}
    return graph_of({"ip": own, "payment": {k: [*joined] for k in range(100, 104)}})


def kept(*sets: Iterable[int]) -> list[Refined]:
    return [Refined(one, np.full(one.size, 5.0)) for one in members(*sets)]


def found(graph: SignalGraph, candidates: list[Refined]) -> list[list[int]]:
    return sorted(one.members.tolist() for one in _rejoined(graph, candidates, P))


def test_sets_are_tied_by_the_pairs_of_their_numbers() -> None:
    assert tied_sets(graph([*A, *C]), members(A, B, C), P) == [(0, 2)]
    assert tied_sets(graph([*A, *B, *C]), members(A, B, C), P) == [(0, 1), (0, 2), (1, 2)]
    assert tied_sets(graph([]), members(A, B, C), P) == []
    assert tied_sets(graph([*A]), [], P) == []


def test_two_pools_on_the_same_cards_are_one_and_the_third_is_left() -> None:
    assert found(graph([*A, *B]), kept(A, B, C)) == [[*A, *B], [*C]]


@pytest.mark.parametrize("order", list(permutations([A, B, C])))
def test_three_parts_become_one_in_any_order(order: tuple[range, ...]) -> None:
    assert found(graph([*A, *B, *C]), kept(*order)) == [[*A, *B, *C]]


def test_what_is_not_tied_stays_as_it_is() -> None:
    candidates = kept(A, B, C)
    same = _rejoined(graph([]), candidates, P)
    assert sorted(one.members.tolist() for one in same) == [[*A], [*B], [*C]]
    assert {id(one) for one in same} == {id(one) for one in candidates}
    assert _rejoined(graph([]), [], P) == []


def test_tied_sets_that_do_not_hold_together_stay_apart() -> None:
    # The cards tie both; but most of the second set has nothing of its own, so that it does not survive as a whole.
    carried: Carried = {"ip": {k: [*A] for k in (1, 2, 3)}, "payment": {k: [*A, 10, 11] for k in range(100, 104)}}
    lone = graph_of(carried)
    assert tied_sets(lone, members(A, B), P) == [(0, 1)]
    assert found(lone, kept(A, B)) == [[*A], [*B]]
