"""Rejoining: candidates that are parts of one pool come together, whatever order they were found in."""

from collections.abc import Iterable
from itertools import permutations

import numpy as np
import pytest

from distillscan.cluster import ClusterParameters
from distillscan.cluster.rejoin import rejoin, successors
from distillscan.cluster.split import tied_sets
from distillscan.detect.base import Candidate
from distillscan.population.accounts import Ints
from distillscan.population.graph import SignalGraph
from tests.support.handmade import at
from tests.support.populations import Carried, numbers_of, population_of, signal_graph, signals_of

P = ClusterParameters(min_accounts=5, lift=6.0, alike=0.7, resolution=1.0)
A, B, C = range(10), range(10, 20), range(20, 30)


def members(*sets: Iterable[int]) -> list[Ints]:
    return [np.array(list(one), np.int64) for one in sets]


POPULATION = population_of(
    [{"account_id": f"p{k}", "payment_id": f"c{k}", "ip": f"10.{k // 250}.{k % 250}.1"} for k in range(900)]
)


def graph_of(carried: Carried) -> SignalGraph:
    """Accounts that each have a card and an address of their own, and what they carry in common."""
    return signal_graph(POPULATION, signals_of(POPULATION, carried))


def graph(joined: Iterable[int]) -> SignalGraph:
    """Three sets with addresses of their own, of which some members share cards."""
    own = {k: [*one] for first, one in ((1, A), (11, B), (21, C)) for k in range(first, first + 3)}
    return graph_of({"ip": own, "payment": {k: [*joined] for k in range(100, 104)}})


def kept(graph: SignalGraph, *sets: Iterable[int]) -> list[Candidate]:
    return [Candidate(one, graph, np.full(one.size, 5.0)) for one in members(*sets)]


def found(graph: SignalGraph, *sets: Iterable[int]) -> list[list[int]]:
    return sorted(one.members.tolist() for one in rejoin(graph, kept(graph, *sets), P))


def test_sets_are_tied_by_the_pairs_of_their_numbers() -> None:
    assert tied_sets(graph([*A, *C]), members(A, B, C), P) == [(0, 2)]
    assert tied_sets(graph([*A, *B, *C]), members(A, B, C), P) == [(0, 1), (0, 2), (1, 2)]
    assert tied_sets(graph([]), members(A, B, C), P) == []
    assert tied_sets(graph([*A]), [], P) == []


def test_two_pools_on_the_same_cards_are_one_and_the_third_is_left() -> None:
    assert found(graph([*A, *B]), A, B, C) == [[*A, *B], [*C]]


@pytest.mark.parametrize("order", list(permutations([A, B, C])))
def test_three_parts_become_one_in_any_order(order: tuple[range, ...]) -> None:
    assert found(graph([*A, *B, *C]), *order) == [[*A, *B, *C]]


def test_what_is_not_tied_stays_as_it_is() -> None:
    apart = graph([])
    candidates = kept(apart, A, B, C)
    same = rejoin(apart, candidates, P)
    assert sorted(one.members.tolist() for one in same) == [[*A], [*B], [*C]]
    assert {id(one) for one in same} == {id(one) for one in candidates}
    assert rejoin(graph([]), [], P) == []


def test_tied_sets_that_do_not_hold_together_stay_apart() -> None:
    # The cards tie both; but most of the second set has nothing of its own, so that it does not survive as a whole.
    carried: Carried = {"ip": {k: [*A] for k in (1, 2, 3)}, "payment": {k: [*A, 10, 11] for k in range(100, 104)}}
    lone = graph_of(carried)
    assert tied_sets(lone, members(A, B), P) == [(0, 1)]
    assert found(lone, A, B) == [[*A], [*B]]


class TestSuccessors:
    """Ten accounts of which some are denied at hour 300, and ten that come afterwards."""

    @staticmethod
    def pairs(banned: int, starts: float, late: int = 0, ends: float = 300.0) -> list[tuple[int, int]]:
        rows = [{"account_id": f"x{k}", "timestamp": at(hour)} for k in range(5) for hour in (0, 600)]
        for k in range(10):
            rows += [{"account_id": f"a{k}", "timestamp": at(hour)} for hour in (ends - 9, ends - 5)]
            rows += [{"account_id": f"a{k}", "timestamp": at(ends), "status_code": 403 if k < banned else 200}]
            rows += [{"account_id": f"b{k}", "timestamp": at(hour)} for hour in (starts + 900 * (k < late), 1300)]
        population = population_of(rows)
        sets = [numbers_of(population, letter) for letter in "bxa"]
        return successors(population, sets, P)

    def test_who_comes_when_most_of_a_pool_was_turned_away_takes_its_place(self) -> None:
        assert self.pairs(banned=10, starts=301) == [(2, 0)]
        assert self.pairs(banned=5, starts=323.9) == [(2, 0)]
        assert self.pairs(banned=5, starts=301, late=2) == [(2, 0)]

    def test_others_do_not(self) -> None:
        assert self.pairs(banned=4, starts=301) == []  # most of them just ended
        assert self.pairs(banned=10, starts=325) == []  # more than a day later
        assert self.pairs(banned=10, starts=299) == []  # before
        assert self.pairs(banned=10, starts=301, late=3) == []  # a third came at other times

    def test_at_the_beginning_of_the_log_everybody_comes(self) -> None:
        assert self.pairs(banned=10, starts=24, ends=10) == []
        assert self.pairs(banned=10, starts=33, ends=10) == [(2, 0)]


def habits(carried: Carried, banned: bool) -> SignalGraph:
    """Two pools of which the second begins when the first ends, each with nothing of its own."""
    names = POPULATION.profile.accounts["account_id"].to_list()
    rows = [
        {"account_id": names[k], "timestamp": at(hour), "payment_id": f"c{k}", "tls_fingerprint": f"t{k}"}
        for k in range(900)
        for hour in ((301, 600) if k in B else (100, 300) if k in A else (0, 600))
    ]
    if banned:
        rows += [{"account_id": names[k], "timestamp": at(300.5), "status_code": 403} for k in A]
    population = population_of(rows)
    return signal_graph(population, signals_of(population, carried, judged=["rotation", "intent"]))


@pytest.mark.parametrize(("banned", "expected"), [(True, [[*A, *B]]), (False, [[*A], [*B]])])
def test_a_pool_of_the_same_habits_in_the_place_of_a_banned_one_is_the_same_operator(
    banned: bool, expected: list[list[int]]
) -> None:
    everyone = [*A, *B]
    graph = habits({"rotation": {1: everyone}, "intent": {2: everyone}, "stack": {3: everyone}}, banned)
    assert found(graph, A, B) == expected


def test_one_of_other_habits_is_not() -> None:
    graph = habits({"rotation": {1: A, 4: B}, "intent": {2: A, 5: B}, "stack": {3: A, 6: B}}, banned=True)
    assert found(graph, A, B) == [[*A], [*B]]


@pytest.mark.parametrize(("having", "expected"), [(4, [[*A, *B]]), (5, [[*A], [*B]])])
def test_one_with_a_wording_of_its_own_is_not(having: int, expected: list[list[int]]) -> None:
    everyone = [*A, *B]
    traits: Carried = {"rotation": {1: everyone}, "intent": {2: everyone}, "stack": {3: everyone}}
    graph = habits({**traits, "template": {7: B[:having]}}, banned=True)
    assert found(graph, A, B) == expected
