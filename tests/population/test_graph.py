"""Who carries which token: against plain dicts, by hand, and against chance."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.cluster import ClusterParameters
from distillscan.detect.base import Candidate
from distillscan.population.accounts import Population
from distillscan.population.graph import SIGNALS
from tests.support.populations import KINDS, graph_of, number, population_of, signal_graph, signals_of, strangers

SMALL = 9


@st.composite
def small_worlds(draw: st.DrawFn) -> tuple[list[set[int]], dict[tuple[int, int], float]]:
    """Addresses that each of a few accounts touches, and the strengths of the tokens (account, token) they carry."""
    touched = [draw(st.sets(st.integers(0, 6), max_size=6)) for _ in range(SMALL)]
    pairs = st.tuples(st.integers(0, SMALL - 1), st.integers(1, 5))
    strengths = st.sampled_from([0.125, 0.5, 1.0])
    carried = draw(st.dictionaries(pairs, strengths, min_size=1, max_size=25))
    return touched, carried


class TestSignalGraphAgainstPlainDicts:
    @given(
        small_worlds(),
        st.sets(st.integers(0, SMALL - 1)),
        st.sets(st.integers(1, 5)),
        st.randoms(use_true_random=False),
    )
    def test_every_question_has_the_same_answer(
        self,
        world: tuple[list[set[int]], dict[tuple[int, int], float]],
        chosen: set[int],
        asked: set[int],
        random: Any,
    ) -> None:
        touched, carried = world
        rows = [{"account_id": f"a{k}"} for k in range(SMALL)]
        rows += [{"account_id": f"a{k}", "ip": f"10.0.0.{j}"} for k in range(SMALL) for j in touched[k]]
        population = population_of(rows)
        of = [number(population, f"a{k}") for k in range(SMALL)]
        signals = [
            {
                "account": population.profile.accounts["account"][of[k]],
                "kind": "ip",
                "token": token * 10**18,
                "strength": strength,
            }
            for (k, token), strength in carried.items()
        ]
        random.shuffle(signals)
        graph = signal_graph(population, pl.DataFrame(signals, schema=SIGNALS))
        tokens = sorted({token for _, token in carried})
        assert list(graph.kinds) == ["ip"]
        assert graph.tokens("ip").tolist() == [token * 10**18 for token in tokens]
        members = np.array(sorted(of[k] for k in chosen), np.int64)
        carriers = {token: {k for k, t in carried if t == token} for token in tokens}
        assert graph.carriers_per_token("ip").tolist() == [len(carriers[token]) for token in tokens]
        assert graph.carriers_among("ip", members).tolist() == [len(carriers[token] & chosen) for token in tokens]
        columns = np.array([c for c, token in enumerate(tokens) if token in asked], np.int64)
        touching = {k for k, t in carried if t in asked}
        assert np.flatnonzero(graph.carriers("ip", columns)).tolist() == sorted(of[k] for k in touching)
        assert np.flatnonzero(graph.carries_any("ip")).tolist() == sorted({of[k] for k, _ in carried})
        good = {
            k
            for k in touching
            if sum(s for (j, t), s in carried.items() if j == k and t in asked)
            >= 0.3 * max(sum(s for (j, _), s in carried.items() if j == k), len(touched[k]))
        }
        assert np.flatnonzero(graph.habitual_carriers("ip", columns)).tolist() == sorted(of[k] for k in good)
        used = {of[k]: sum(s for (j, t), s in carried.items() if j == k and t in asked) for k in touching}
        users, strengths = graph.use("ip", columns)
        assert users.tolist() == sorted(used)
        assert strengths.tolist() == pytest.approx([used[n] for n in users.tolist()])
        dense = graph.matrix("ip").toarray()
        assert {
            (k, token): dense[of[k], c] for k in range(SMALL) for c, token in enumerate(tokens) if dense[of[k], c]
        } == carried

    def test_a_token_stated_twice_is_carried_once_and_its_strength_added(self) -> None:
        graph = graph_of(3, {"ip": {7: [0, 0, 2]}})
        assert graph.carriers_per_token("ip").tolist() == [2]
        assert graph.matrix("ip").toarray().ravel().tolist() == [2, 0, 1]

    def test_kinds_are_apart(self) -> None:
        graph = graph_of(4, {"tls": {7: [0, 1]}, "ip": {7: [2], 8: [3]}})
        assert list(graph.kinds) == ["ip", "tls"]
        assert graph.carriers_per_token("tls").tolist() == [2]
        assert np.flatnonzero(graph.carriers("ip", np.array([0]))).tolist() == [2]
        assert not graph.habitual_carriers("ip", np.zeros(0, np.int64)).any()

    def test_a_second_graph_of_a_population_does_not_answer_for_the_first(self) -> None:
        population = Population(strangers(6))
        for k in range(6):
            # Each graph is gone before the next is made, so its address is free again.
            graph = signal_graph(population, signals_of(population, {"ip": {1: [k]}}))
            assert np.flatnonzero(graph.carries_any("ip")).tolist() == [k]
            del graph


class TestCharacteristic:
    def marked(self, size: int, members: int, carried: Mapping[int, Iterable[int]], lift: float = 6.0) -> list[int]:
        """Tokens that mark the first ``members`` of ``size`` accounts."""
        graph = graph_of(size, {"ip": carried}, ClusterParameters(lift=lift))
        found = graph.characteristic("ip", np.arange(members))
        return [int(graph.tokens("ip")[k]) for k in found]

    def test_what_all_members_and_nobody_else_carry(self) -> None:
        assert self.marked(500, 10, {1: range(10), 2: range(200, 260)}) == [1]

    def test_a_carrier_is_not_its_own_witness(self) -> None:
        assert self.marked(500, 10, {1: [3], 2: [4, 400]}) == []

    @pytest.mark.parametrize(("size", "expected"), [(901, [1]), (899, [])])
    def test_two_members_on_a_token_count_only_wherestrangers_hardly_meet(self, size: int, expected: list[int]) -> None:
        # Nine other members and one other carrier: chance 9/size, told apart at 0.01. Significance alone: 0.11 of 10
        # members against 0.0005 gives 7 bits, fewer than the ten that are asked for.
        assert self.marked(size, 10, {1: [0, 1]}) == expected

    def test_lift_is_asked_for_even_where_the_excess_is_significant(self) -> None:
        # 399/399 of the members against 100.5/601 of the others: six times as often, hundreds of bits.
        carried = {1: [*range(400), *range(400, 500)]}
        assert self.marked(1000, 400, carried, lift=5.9) == [1]
        assert self.marked(1000, 400, carried, lift=6.0) == []

    def test_significance_is_asked_for_even_where_the_lift_is_high(self) -> None:
        # Inside 3/19, outside 40.5/1981: 7.7 times, 20 x (0.158 log2 7.72 + 0.842 log2 0.8596) = 5.6 bits.
        carried = {1: [0, 1, 2, 3, *range(100, 140)]}
        assert self.marked(2000, 20, carried) == []
        # With five times as many of either the rates are the same and the excess five times as large.
        more = {1: [*range(16), *range(1000, 1198)]}
        assert self.marked(9900, 100, more) == [1]

    def test_the_more_tokens_there_are_the_more_excess_is_asked_for(self) -> None:
        # Inside 7/19, outside 40.5/1981: 20 x (0.368 log2 18.0 + 0.632 log2 0.645) = 22.7 bits.
        carried: dict[int, Iterable[int]] = {1: [*range(8), *range(100, 140)]}
        assert self.marked(2000, 20, carried) == [1]
        few = {**carried, **{2 + k: [200 + k % 1700] for k in range(2**12 - 1)}}
        assert self.marked(2000, 20, few) == [1]
        many = {**carried, **{2 + k: [200 + k % 1700] for k in range(2**13 - 1)}}
        assert self.marked(2000, 20, many) == []

    def test_when_everybody_is_a_member_nothing_marks_them(self) -> None:
        assert self.marked(40, 40, {1: range(40), 2: range(2)}) == []

    def test_of_nobody_nothing_is_characteristic(self) -> None:
        assert self.marked(40, 0, {1: range(40)}) == []

    def test_the_lift_is_that_of_the_graph_and_there_is_nothing_of_kinds_that_nobody_carries(self) -> None:
        def marked(kind: str, lift: float) -> list[int]:
            graph = graph_of(1000, {"ip": {1: range(500)}}, ClusterParameters(lift=lift))
            return [int(column) for column in Candidate(np.arange(400), graph).characteristic(kind)]

        assert marked("ip", 5.0) == [0]
        assert marked("ip", 7.0) == []
        assert marked("tls", 5.0) == []

    def test_chance_marks_no_more_than_it_should(self) -> None:
        rng = np.random.default_rng(20260401)
        size, members, tokens = 2000, 40, 3000
        sizes = rng.integers(2, 200, tokens)
        graph = graph_of(
            size, {"ip": {k + 1: rng.choice(size, sizes[k], replace=False).tolist() for k in range(tokens)}}
        )
        marked = [
            int(k)
            for _ in range(100)
            for k in graph.characteristic("ip", np.sort(rng.choice(size, members, replace=False)))
        ]
        # Chance of a member to meet another on a token of c accounts: 39 (c - 1) / 2000, so none here is rare; what is
        # left is one false alarm in a thousand looks (2^-10), each look over all tokens: 0.1 in 100.
        assert sizes.min() == 2
        assert len(marked) <= 2

    def test_rare_tokens_are_marked_about_as_often_asstrangers_meet(self) -> None:
        rng = np.random.default_rng(7)
        size, members, tokens, looks = 2000, 20, 3000, 200
        graph = graph_of(size, {"ip": {k + 1: rng.choice(size, 2, replace=False).tolist() for k in range(tokens)}})
        marked = sum(
            graph.characteristic("ip", np.sort(rng.choice(size, members, replace=False))).size for _ in range(looks)
        )
        expected = looks * tokens * (members / size) * ((members - 1) / (size - 1))
        assert expected == pytest.approx(57, abs=0.1)
        assert marked == pytest.approx(expected, abs=3 * expected**0.5)


class TestJudged:
    """A strength of 0: the account could have carried the token and does not."""

    population = Population(strangers(12))

    def test_who_was_judged_is_known_and_carries_nothing(self) -> None:
        accounts = self.population.profile.accounts["account"]
        rows = [
            (0, "dealt", 1, 0.5),
            (1, "dealt", 1, 0.0),
            (2, "dealt", 2, 0.0),
            (3, "ip", 7, 1.0),
            (4, "voices", 9, 0.0),
        ]
        signals = pl.DataFrame([(accounts[k], *row) for k, *row in rows], schema=SIGNALS, orient="row")
        graph = signal_graph(self.population, signals)
        # A token nobody carries is none, and neither is a kind.
        assert list(graph.kinds) == ["ip", "dealt"]
        assert graph.tokens("dealt").tolist() == [1]
        assert graph.carriers_per_token("dealt").tolist() == [1]
        assert np.flatnonzero(graph.carries_any("dealt")).tolist() == [0]
        # Carriers were judged as well; of kinds without such rows nothing is said.
        assert {kind: np.flatnonzero(mask).tolist() for kind, mask in graph.observable.items()} == {
            "dealt": [0, 1, 2],
            "voices": [4],
        }

    @given(
        st.dictionaries(st.integers(1, 6), st.sets(st.integers(0, 11), min_size=1, max_size=11), min_size=1),
        st.sets(st.integers(0, 11), min_size=2, max_size=11),
    )
    def test_it_changes_no_answer_about_those_who_carry(self, carried: dict[int, set[int]], chosen: set[int]) -> None:
        members = np.array(sorted(chosen), np.int64)
        plain = signal_graph(self.population, signals_of(self.population, {"dealt": carried}))
        judged = signal_graph(self.population, signals_of(self.population, {"dealt": carried}, ["dealt"]))
        assert (plain.matrix("dealt") != judged.matrix("dealt")).nnz == 0
        assert plain.carriers_among("dealt", members).tolist() == judged.carriers_among("dealt", members).tolist()
        assert plain.characteristic("dealt", members).tolist() == judged.characteristic("dealt", members).tolist()
        assert plain.observable == {}
        # Nobody is missing: whoever does not carry a token is said not to.
        if any(len(carriers) < 12 for carriers in carried.values()):
            assert judged.observable["dealt"].all()

    def test_a_habit_and_chance_are_those_of_the_parameters(self) -> None:
        signals = signals_of(self.population, {"ip": {1: [0], 2: [0], 3: [0], 4: [0, 1]}})
        columns = np.array([3])
        for share, expected in ((0.25, [0, 1]), (0.26, [1])):
            graph = signal_graph(self.population, signals, ClusterParameters(good_part=share))
            assert np.flatnonzero(graph.habitual_carriers("ip", columns)).tolist() == expected

        # Of 500 accounts ten carry a token that two of the ten members have: 9 x 9 / 500 by chance, and 1.69 bits.
        population = Population(strangers(500))
        rare = signals_of(population, {"ip": {1: [0, 1, *range(100, 108)]}})
        strict, loose = (
            signal_graph(population, rare, ClusterParameters(significant_bits=bits, rare_chance=0.01))
            for bits in (1.7, 1.68)
        )
        assert strict.characteristic("ip", np.arange(10)).tolist() == []
        assert loose.characteristic("ip", np.arange(10)).tolist() == [0]
        rarer = signal_graph(population, rare, ClusterParameters(rare_chance=0.17))
        assert rarer.characteristic("ip", np.arange(10)).tolist() == [0]


class TestMeeting:
    """Of kinds with few carriers a token, all tokens count if pairs of members meet on them far beyond chance."""

    def marked(
        self, kind: str, size: int, members: int, carried: Mapping[int, Iterable[int]], lift: float = 6.0
    ) -> list[int]:
        graph = graph_of(size, {kind: carried}, ClusterParameters(lift=lift))
        return [int(graph.tokens(kind)[k]) for k in graph.characteristic(kind, np.arange(members))]

    @staticmethod
    def pairs(count: int, first: int = 0, token: int = 1) -> dict[int, list[int]]:
        """That many tokens on two accounts each: 0 and 1, 2 and 3, ..."""
        return {token + k: [first + 2 * k, first + 2 * k + 1] for k in range(count)}

    def test_conversations_join_where_single_addresses_would_not(self) -> None:
        # Two of 40 members on a token: 0.02 strangers by chance, where 0.01 is asked for, and 5.4 bits for each alone.
        for kind in (name for name, kind in KINDS.items() if kind.low_degree):
            assert self.marked(kind, 2000, 40, self.pairs(3)) == [1, 2, 3]
        assert self.marked("ip", 2000, 40, self.pairs(3)) == []

    def test_it_takes_three_pairs(self) -> None:
        assert self.marked("conversation", 2000, 40, self.pairs(2)) == []
        # Three members on one conversation are three pairs.
        assert self.marked("conversation", 2000, 40, {1: [0, 1, 2]}) == [1]

    @pytest.mark.parametrize(("elsewhere", "expected"), [(280, [1, 2, 3]), (290, [])])
    def test_few_meetings_are_chance_where_many_meet(self, elsewhere: int, expected: list[int]) -> None:
        # 283 tokens of two expect 283 (40 / 2000)^2 = 0.1132 pairs: 3 log2(3 / 0.1132) - 2.887 / ln 2 = 10.02 bits.
        carried = {**self.pairs(3), **self.pairs(elsewhere, first=40, token=100)}
        assert self.marked("conversation", 2000, 40, carried) == expected

    @pytest.mark.parametrize(("elsewhere", "expected"), [(100, True), (101, False)])
    def test_many_meetings_count_if_there_are_so_many_times_more_than_expected(
        self, elsewhere: int, expected: bool
    ) -> None:
        # Twenty pairs of 50 of 300 members; 120 tokens expect 120 / 36 = 3.33, six times of which they are.
        carried = {**self.pairs(20), **self.pairs(elsewhere, first=50, token=100)}
        found = self.marked("conversation", 300, 50, carried)
        assert found == (list(range(1, 21)) if expected else [])

    def test_whatstrangers_have_as_well_marks_nobody_even_then(self) -> None:
        carried = {**self.pairs(12), 99: [0, 1, *range(100, 112)], 98: [5]}
        assert self.marked("conversation", 1000, 40, carried) == list(range(1, 13))

    def test_chance_meets_hardly_ever(self) -> None:
        rng = np.random.default_rng(11)
        size, members, tokens = 2000, 40, 3000
        carried = {k + 1: rng.choice(size, 2, replace=False).tolist() for k in range(tokens)}
        graph = graph_of(size, {"session": carried})
        looks = [np.sort(rng.choice(size, members, replace=False)) for _ in range(200)]
        # 1.2 meetings are expected, eight are asked for: four looks in 100,000.
        assert sum(graph.characteristic("session", look).size for look in looks) == 0
        planted = {**carried, **{10_000 + k: looks[0][[2 * k, 2 * k + 1]].tolist() for k in range(8)}}
        found = graph_of(size, {"session": planted}).characteristic("session", looks[0])
        assert found.size >= 8
