"""Accounts as arrays, and who carries which token: against plain dicts, by hand, and against chance."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.population.accounts import Population, memoized, runs
from distillscan.profile import merge
from distillscan.profile.tables import LINKS_KEPT
from distillscan.profile.text.hashes import hash_text
from tests.support.populations import number, population_of

ROWS: list[dict[str, Any]] = [
    {"account_id": "a", "ip": "10.0.0.1", "user_agent": "sdk/1.2", "session_id": "s1"},
    {"account_id": "a", "ip": "10.0.0.1", "user_agent": "sdk/1.3"},
    {"account_id": "a", "ip": "10.0.0.2", "user_agent": "web"},
    {"account_id": "b", "ip": "10.0.0.2"},
    {"account_id": "b", "ip": "10.0.0.3"},
    {"account_id": "c"},
]


class TestPopulation:
    def test_accounts_are_numbered_in_the_order_of_the_profile(self) -> None:
        population = population_of(ROWS)
        accounts = population.profile.accounts
        assert (population.size, population.requests.sum()) == (3, 6)
        assert population.numbers(accounts["account"].reverse()).tolist() == [2, 1, 0]
        assert population.requests[number(population, "a")] == 3
        assert population.mask(np.array([2, 0])).tolist() == [True, False, True]
        assert not population.mask(np.zeros(0, np.int64)).any()

    def test_links_carry_the_number_and_unknown_kinds_have_none(self) -> None:
        population = population_of(ROWS)
        links = population.links("ip")
        assert links.height == 4
        assert links["number"].to_list() == population.numbers(links["account"]).tolist()
        assert population.links("device").height == 0
        assert population.links("device").columns == links.columns
        assert population.touched("device").tolist() == [0, 0, 0]

    def test_what_an_account_touches_and_states(self) -> None:
        population = population_of(ROWS)
        a, b, c = (number(population, name) for name in "abc")
        touched = population.touched("ip")
        assert (touched[a], touched[b], touched[c]) == (2, 2, 0)
        assert np.flatnonzero(population.states("ip")).tolist() == sorted([a, b])
        assert np.flatnonzero(population.states("session")).tolist() == [a]

    def test_the_entity_with_most_requests_dominates_and_ties_go_to_the_smaller_hash(self) -> None:
        population = population_of(ROWS)
        dominant = population.dominant("ip")
        assert dominant[number(population, "a")] == hash_text("10.0.0.1")
        assert dominant[number(population, "b")] == min(hash_text("10.0.0.2"), hash_text("10.0.0.3"))
        assert dominant[number(population, "c")] == 0

    def test_versions_of_a_client_are_one_client(self) -> None:
        population = population_of(ROWS)
        assert population.client[number(population, "a")] == hash_text("sdk/#.#")
        assert population.client[number(population, "b")] == 0

    def test_values_are_text_where_the_profile_keeps_it_and_hashes_elsewhere(self) -> None:
        population = population_of(ROWS)
        known, unknown = hash_text("10.0.0.2"), 0xAB
        assert population.values("ip", [unknown, known, known]) == ["#00000000000000ab", "10.0.0.2", "10.0.0.2"]
        assert population.values("session", [hash_text("s1")]) == [f"#{hash_text('s1'):016x}"]
        assert population.values("ip", []) == []

    def test_a_thing_is_worked_out_once_even_if_it_is_nothing(self) -> None:
        population = population_of(ROWS)
        calls: list[object] = []

        @memoized
        def tell(population: Population, what: str, *, loudly: bool = False) -> None:
            calls.append((population, what, loudly))

        other = population_of(ROWS)
        for _ in range(3):
            assert tell(population, "a") is None
            tell(population, "b")
            tell(population, "a", loudly=True)
            tell(other, "a")
        assert calls == [
            (population, "a", False),
            (population, "b", False),
            (population, "a", True),
            (other, "a", False),
        ]

    def test_what_is_shared_cannot_be_changed(self) -> None:
        population = population_of(ROWS)
        for shared in (population.states("ip"), population.dominant("ip")):
            with pytest.raises(ValueError, match="read-only"):
                shared[0] = 0

    def test_masks_are_counted_together(self) -> None:
        population = population_of(ROWS)
        with_address, with_client = population.states("ip"), population.states("client")
        for _ in range(2):
            assert population.count(with_address) == 2
            assert population.count(with_address, with_client) == 1
            assert population.count(with_address, np.zeros(3, np.bool_)) == 0
        assert population.states("session", "ip").tolist() == with_address.tolist()

    def test_main_users_are_counted_and_shown(self) -> None:
        population = population_of([*ROWS, {"account_id": "d", "ip": "10.0.0.1"}])
        used, unknown = hash_text("10.0.0.1"), hash_text("10.0.0.9")
        assert [population.count_main_users("ip", entity) for entity in (used, unknown)] == [2, 0]
        assert [int(population.main_users("ip", entity).sum()) for entity in (used, unknown)] == [2, 0]
        assert population.count_main_users("device", used) == 0

    def test_rows_and_carriers_of_a_few_accounts(self) -> None:
        population = population_of(ROWS)
        members = np.array(sorted(number(population, name) for name in "ac"))
        for table in ("links", "prompts", "activity"):
            rows = getattr(population.profile, table)
            ids = population.profile.accounts["account"].gather(members)
            assert population.rows_of(table, members).equals(rows.filter(rows["account"].is_in(ids.implode())))
        entities = np.array([hash_text(f"10.0.0.{k}") for k in (3, 2, 1)], np.uint64)
        assert population.count_carriers("ip", entities).tolist() == [1, 2, 1]

    def test_an_empty_profile_is_an_empty_population(self) -> None:
        population = Population(merge([]))
        assert (population.size, population.requests.size) == (0, 0)
        assert population.dominant("ip").size == population.distinct("ip").size == 0


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=20))
def test_runs_are_groups_of_equal_neighbours(rows: list[tuple[int, int]]) -> None:
    starts, ends = runs(*np.array(rows, np.int64).reshape(-1, 2).T)
    lengths = [len(list(group)) for _, group in itertools.groupby(rows)]
    assert (ends - starts + 1).tolist() == lengths
    assert starts.tolist() == [sum(lengths[:k]) for k in range(len(lengths))]


class TestDistinct:
    def test_few_are_counted(self) -> None:
        population = population_of(
            [{"account_id": name, "ip": f"10.0.0.{k}"} for name, many in (("a", 47), ("b", 3)) for k in range(many)]
            + [{"account_id": "c"}]
        )
        distinct = population.distinct("ip")
        assert [distinct[number(population, name)] for name in "abc"] == [47, 3, 0]

    @pytest.mark.parametrize("many", [60, 240])
    def test_many_are_estimated_without_bias(self, many: int) -> None:
        accounts = 150
        population = population_of(
            [{"account_id": f"a{k}", "ip": f"{k + 1}.{j}.0.1"} for k in range(accounts) for j in range(many)]
        )
        assert population.touched("ip").max() == LINKS_KEPT < many
        distinct = population.distinct("ip")
        # One estimate is good to 15 % (1 over the root of 46), the mean of 150 to a per cent.
        assert distinct.mean() == pytest.approx(many, rel=0.04)
        assert distinct.std() < 0.2 * many
