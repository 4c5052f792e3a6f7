"""Seeds: communities that hubs do not join, carriers of templates; and what refinement makes of a seed."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from handmade import at
from hypothesis import given
from hypothesis import strategies as st
from test_population import graph_of, number, numbers_of, population_of, signals_of

from distillscan.cluster import find_candidates
from distillscan.cluster.candidates import Refined, refine
from distillscan.cluster.candidates import _disjoint as disjoint
from distillscan.cluster.seeds import LINKING, communities, crossed_sets, template_sets
from distillscan.cluster.seeds import _edges as edges
from distillscan.parameters import ClusterParameters
from distillscan.population import Ints, Population, SignalGraph

P = ClusterParameters(min_accounts=5, hub_share=0.25, edge_bits=3.0, lift=6.0, member_bits=3.0)


def found(graph: SignalGraph, p: ClusterParameters = P) -> list[list[int]]:
    return sorted(part.tolist() for part in communities(graph, p))


class TestCommunities:
    def test_accounts_that_share_tokens_nobody_else_has_are_one(self) -> None:
        graph = graph_of(200, {"ip": {k: range(10) for k in range(1, 5)}, "payment": {9: range(50, 58)}})
        assert found(graph) == [list(range(10)), list(range(50, 58))]

    def test_a_hub_joins_nobody(self) -> None:
        pools = {1: range(8), 2: range(8), 3: range(20, 28), 4: range(20, 28)}
        graph = graph_of(100, {"ip": {**pools, 9: range(100)}})
        assert found(graph) == [list(range(8)), list(range(20, 28))]
        assert found(graph_of(100, {"ip": {9: range(100)}})) == []

    @pytest.mark.parametrize(
        ("size", "carriers", "linked"),
        [
            # An eighth of all accounts is three bits of rarity; a small log is spared that, not the quarter.
            (128, 16, True),
            (128, 17, False),
            (64, 8, True),
            (64, 9, False),
            (63, 15, True),
            (63, 16, False),
            # Five are never too many: that is the smallest cluster.
            (12, 5, True),
            (12, 6, False),
        ],
    )
    def test_a_token_links_while_it_is_rare(self, size: int, carriers: int, linked: bool) -> None:
        graph = graph_of(size, {"payment": {1: range(carriers)}})
        assert found(graph) == ([list(range(carriers))] if linked else [])

    def test_fewer_than_the_least_are_none(self) -> None:
        graph = graph_of(200, {"payment": {1: range(4), 2: range(10, 15)}})
        assert found(graph) == [[10, 11, 12, 13, 14]]
        assert found(graph, replace(P, min_accounts=4)) == [[0, 1, 2, 3], [10, 11, 12, 13, 14]]

    @pytest.mark.parametrize("kind", ["tls", "user_agent", "rotation", "pivot", "of a third party"])
    def test_software_and_habits_link_nobody(self, kind: str) -> None:
        assert kind not in LINKING
        assert found(graph_of(200, {kind: {1: range(8)}})) == []

    def test_a_token_of_one_account_links_nobody(self) -> None:
        assert found(graph_of(200, {"ip": {k: [k] for k in range(1, 9)}})) == []

    @given(
        st.dictionaries(st.integers(1, 30), st.sets(st.integers(0, 79), min_size=2, max_size=12), max_size=20),
        st.randoms(use_true_random=False),
    )
    def test_they_are_disjoint_ascending_and_the_same_for_every_order_of_signals(
        self, tokens: dict[int, set[int]], random: Any
    ) -> None:
        graph = graph_of(80, {"ip": tokens})
        parts = communities(graph, P)
        everyone = [n for part in parts for n in part]
        assert len(everyone) == len(set(everyone))
        assert set(everyone) <= {n for carriers in tokens.values() for n in carriers}
        assert all(part.size >= 5 and (np.diff(part) > 0).all() for part in parts)
        signals = signals_of(graph.population, {"ip": tokens})
        shuffled = signals[random.sample(range(signals.height), signals.height)]
        again = communities(SignalGraph(graph.population, shuffled), P)
        assert [part.tolist() for part in again] == [part.tolist() for part in parts]


class TestEdges:
    def test_a_token_weighs_its_rarity(self) -> None:
        # Two of 128 are six bits, four are five; hubs and single carriers are left out.
        graph = graph_of(128, {"ip": {1: [0, 1], 2: [0, 1, 2, 3], 3: range(100), 4: [7]}})
        block = edges(graph, "ip", 0.5, P)
        assert block is not None
        assert dict(
            zip(zip(block.row.tolist(), block.col.tolist(), strict=True), block.data.tolist(), strict=True)
        ) == {
            (0, 0): 3.0,
            (1, 0): 3.0,
            **{(k, 1): 2.5 for k in range(4)},
        }

    def test_many_tokens_of_one_kind_weigh_no_more_than_two_rare_ones(self) -> None:
        graph = graph_of(128, {"ip": {k: [0, k] for k in range(1, 41)}})
        block = edges(graph, "ip", 1.0, P)
        assert block is not None
        total = np.bincount(block.row, block.data, minlength=128)
        assert total[0] == pytest.approx(12.0)
        assert total[1:41].tolist() == pytest.approx([6.0] * 40)

    def test_a_kind_that_is_not_there_has_none(self) -> None:
        assert edges(graph_of(10, {"ip": {1: [0, 1]}}), "device", 1.0, P) is None


class TestTemplateSets:
    graph = graph_of(
        100,
        {
            "template": {7: range(10), 5: range(50, 80), 9: range(4), 6: range(20, 30)},
            "system_template": {1: range(90, 95)},
            "ip": {1: range(60)},
        },
    )

    def test_every_template_gives_its_carriers_the_commonest_first_ties_by_name(self) -> None:
        assert [part.tolist() for part in template_sets(self.graph, P)] == [
            list(range(50, 80)),
            list(range(20, 30)),
            list(range(10)),
            list(range(90, 95)),
        ]

    def test_only_so_many_of_each_kind(self) -> None:
        sets = template_sets(self.graph, replace(P, max_candidates=1))
        assert [part.tolist() for part in sets] == [list(range(50, 80)), list(range(90, 95))]

    def test_without_templates_there_are_none(self) -> None:
        assert template_sets(graph_of(10, {"ip": {1: range(9)}}), P) == []


def crowd(size: int, **columns: Any) -> Population:
    """Accounts that each have a card, an address and a prompt of their own, and what else is given."""
    given = {name: value if callable(value) else lambda _, value=value: value for name, value in columns.items()}
    return population_of(
        [
            {
                "account_id": f"p{k}",
                "payment_id": f"card-{k}",
                "ip": f"10.{k // 250}.{k % 250}.1",
                "prompt": f"what does {k} mean",
                **{name: value(k) for name, value in given.items()},
            }
            for k in range(size)
        ]
    )


Carried = Mapping[str, Mapping[int, Iterable[int]]]


def settled(
    population: Population, carried: Carried, seed: Iterable[int], p: ClusterParameters = P
) -> tuple[list[int], list[float]]:
    """Members and bits of what a seed settles on, nothing if it falls apart."""
    graph = SignalGraph(population, signals_of(population, carried))
    candidate = refine(graph, np.array(sorted(seed), np.int64), p)
    if candidate is None:
        return [], []
    assert candidate.strength == pytest.approx(sum(candidate.bits))
    return candidate.members.tolist(), candidate.bits.tolist()


class TestRefine:
    population = crowd(1000)

    def test_bits_are_the_prior_and_the_capped_odds_of_each_cause(self) -> None:
        # Twenty of 1,000 share a card and a wording that nobody else has: odds of 20.5/21 to 0.5/981, capped at 9 bits.
        carried = {"payment": {1: range(20)}, "template": {2: range(20)}, "system_template": {3: range(5)}}
        members, bits = settled(self.population, carried, range(20))
        assert members == list(range(20))
        assert bits == pytest.approx([np.log2(20 / 980) + 9.0 + 9.0] * 20)

    def test_below_the_cap_the_odds_count_as_they_are(self) -> None:
        # A sign-up window of 18 members and 90 of 980 others.
        carried: Carried = {
            "payment": {1: range(20)},
            "template": {3: range(20)},
            "signup": {2: [*range(18), *range(100, 190)]},
        }
        dated = crowd(1000, account_created_at=lambda k: at(-k))
        members, bits = settled(dated, carried, range(20))
        registration = np.log2((18.5 / 21) / (90.5 / 981))
        absent = np.log2((2.5 / 21) / (890.5 / 981))
        assert 3 < registration < 4
        prior = np.log2(20 / 980)
        assert members == list(range(20))
        assert bits == pytest.approx([prior + 18.0 + registration] * 18 + [prior + 18.0 + absent] * 2)

    def test_one_cause_alone_does_not_make_a_member(self) -> None:
        carried = {"payment": {1: range(20)}, "template": {2: range(21)}}
        # Number 20 has the wording (9 bits) but not the card (-5.4), against a prior of -5.6.
        assert settled(self.population, carried, range(20))[0] == list(range(20))
        assert settled(self.population, carried, range(21))[0] == list(range(20))

    def test_kinds_of_one_cause_count_once(self) -> None:
        once = settled(self.population, {"payment": {1: range(20)}, "template": {2: range(20)}}, range(20))
        more = {"payment": {1: range(20)}, "device": {4: range(20)}, "template": {2: range(20)}}
        assert settled(self.population, more, range(20)) == once

    def test_kinds_without_a_cause_do_not_count(self) -> None:
        carried: Carried = {"payment": {1: range(20)}, "template": {2: range(20)}}
        beside = {**carried, "of a third party": {5: range(10)}}
        assert settled(self.population, beside, range(20)) == settled(self.population, carried, range(20))

    def test_where_nothing_is_known_absence_means_nothing(self) -> None:
        population = crowd(1000, payment_id=lambda k: None if k % 2 else f"card-{k}")
        names = population.profile.accounts["account_id"].to_list()
        unknown = [n for n, name in enumerate(names) if int(name[1:]) % 2]
        camp, silent = [n for n in range(200) if n not in unknown][:20], unknown[0]
        known = next(n for n in range(200, 1000) if n not in unknown)
        everyone = [*camp, silent, known]
        carried = {"payment": {1: camp}, "template": {2: everyone}, "ip": {3: everyone}}
        members, bits = settled(population, carried, everyone)
        assert members == sorted(everyone)
        # 22 candidates, the cards of 21 known, 20 of them on the token: that of the last is another.
        absent = np.log2((1 - 20.5 / 22) / (1 - 0.5 / (999 - 500 + 1 - 21)))
        assert bits[members.index(silent)] - bits[members.index(known)] == pytest.approx(-absent, abs=0.01)

    def test_an_unknown_creation_date_does_not_speak_against_an_account(self) -> None:
        population = crowd(1000, account_created_at=lambda k: None if k == 7 else at(-k))
        unknown = number(population, "p7")
        camp = [n for n in range(21) if n != unknown]
        elsewhere = camp.pop()
        everyone = [*camp, elsewhere, unknown]
        carried = {"payment": {1: everyone}, "template": {2: everyone}, "signup": {3: camp}}
        members, bits = settled(population, carried, everyone)
        assert members == sorted(everyone)
        assert bits[members.index(unknown)] > bits[members.index(elsewhere)]

    def test_what_members_share_in_passing_only_does_not_tie_them(self) -> None:
        # A hundred accounts of twenty addresses each meet on one that is the only address of twelve strangers.
        rows = [{"account_id": f"m{k}", "ip": f"10.{k}.{j}.1"} for k in range(100) for j in range(20)]
        rows += [{"account_id": f"x{k}", "ip": "192.0.2.1"} for k in range(12)]
        rows += [
            {"account_id": f"y{k}", "ip": f"11.{k // 250}.{k % 250}.1", "payment_id": f"c{k}", "prompt": f"is {k} odd"}
            for k in range(888)
        ]
        population = population_of(rows)
        camp, passing = numbers_of(population, "m"), numbers_of(population, "x")
        carried: Carried = {"ip": {1: [*camp, *passing]}, "template": {2: camp}, "payment": {3: camp}}
        without: Carried = {"template": {2: camp}, "payment": {3: camp}}
        assert settled(population, carried, camp) == settled(population, without, camp)
        assert settled(population, carried, camp)[0] == camp.tolist()

    def test_it_takes_in_and_drops_round_by_round(self) -> None:
        carried = {"payment": {1: range(40)}, "template": {2: range(40)}}
        once = settled(self.population, carried, [*range(12), 500, 501], replace(P, rounds=1))
        whole = settled(self.population, carried, [*range(12), 500, 501])
        assert once[0] == whole[0] == list(range(40))
        # After one round the bits are those that the seed gives; settled ones are the members' own.
        assert once[1][0] < whole[1][0] == pytest.approx(np.log2(40 / 960) + 18.0)

    @pytest.mark.parametrize("seed", [range(4), range(500, 540), range(16, 30), []])
    def test_what_holds_nothing_together_falls_apart(self, seed: Iterable[int]) -> None:
        carried = {"payment": {1: range(4), 3: range(16, 20)}, "template": {2: range(20)}}
        assert settled(self.population, carried, seed) == ([], [])
        assert settled(self.population, carried, seed, replace(P, rounds=1)) == ([], [])


class TestFindCandidates:
    def pool(self, size: int, an_address: int) -> tuple[Population, Carried, Ints]:
        """Accounts on one card and one device, so many of them on an address; two thousand strangers."""
        rows = [{"account_id": f"m{k}", "payment_id": "c", "device_id": "d"} for k in range(size)]
        rows += [
            {"account_id": f"x{k}", "payment_id": f"c{k}", "device_id": f"d{k}", "ip": f"10.{k // 250}.{k % 250}.1"}
            for k in range(2000)
        ]
        population = population_of(rows)
        members = numbers_of(population, "m")
        addresses = {1 + k: members[k * an_address : (k + 1) * an_address] for k in range(size // an_address)}
        return population, {"payment": {1: members}, "device": {1: members}, "ip": addresses}, members

    def test_five_are_enough_and_four_are_not(self) -> None:
        for size, expected in ((5, [[0, 1, 2, 3, 4]]), (4, [])):
            population = crowd(1000)
            carried: Carried = {"payment": {1: range(size)}, "template": {2: range(size)}}
            graph = SignalGraph(population, signals_of(population, carried))
            assert [c.members.tolist() for c in find_candidates(graph, P)] == expected

    @pytest.mark.parametrize(
        ("weaker", "kept"),
        [
            (range(10, 30), [*range(20, 30)]),
            # Of twenty eleven are taken: most of it is the stronger one seen from another side.
            (range(9, 29), []),
            (range(16, 24), []),
            (range(15, 25), [*range(20, 25)]),
            (range(40, 45), [*range(40, 45)]),
        ],
    )
    def test_of_overlapping_ones_the_stronger_keeps_its_members(self, weaker: range, kept: list[int]) -> None:
        strong = Refined(np.arange(20), np.full(20, 9.0))
        weak = Refined(np.array(weaker), np.arange(len(weaker)) / 10 + 3)
        first, *rest = disjoint(graph_of(100, {"ip": {1: [0, 1]}}), [weak, strong], P)
        assert first.members.tolist() == list(range(20))
        assert [c.members.tolist() for c in rest] == ([kept] if kept else [])
        # Each keeps its own bits.
        assert [b for c in rest for b in c.bits] == [weak.bits[n - weaker.start] for n in kept]

    def test_only_so_many_are_returned_the_strongest_first(self) -> None:
        several = [Refined(np.arange(10 * k, 10 * k + 10), np.full(10, 3.0 + k % 3)) for k in range(6)]
        found = disjoint(graph_of(100, {"ip": {1: [0, 1]}}), several, replace(P, max_candidates=4))
        assert [int(c.members[0]) for c in found] == [20, 50, 10, 40]

    def test_a_pool_is_found_from_its_parts(self) -> None:
        population, carried, members = self.pool(40, 10)
        graph = SignalGraph(population, signals_of(population, carried))
        assert [c.members.tolist() for c in find_candidates(graph, P)] == [members.tolist()]

    @pytest.mark.parametrize("shared", ["card and device", "addresses"])
    def test_a_pool_is_found_even_if_its_parts_are_small(self, shared: str) -> None:
        population, carried, members = self.pool(40, 4)
        if shared == "addresses":
            cards = {1 + k: members[k::10] for k in range(10)}
            carried = {"payment": cards, "ip": dict.fromkeys((1, 2, 3), members)}
        graph = SignalGraph(population, signals_of(population, carried))
        settled = refine(graph, members, P)
        assert settled is not None
        assert settled.members.tolist() == members.tolist()
        assert [c.members.tolist() for c in find_candidates(graph, P)] == [members.tolist()]


class TestCrossedSets:
    def test_tokens_too_common_to_link_join_where_they_meet_beyond_chance(self) -> None:
        graph = graph_of(1000, {"rotation": {1: range(100)}, "tls": {2: [*range(60, 100), *range(500, 600)]}})
        sets = [part.tolist() for part in crossed_sets(graph, P)]
        # Fourteen are expected to carry both, forty do.
        assert list(range(60, 100)) not in sets
        graph = graph_of(1000, {"rotation": {1: range(100)}, "tls": {2: [*range(40, 100), *range(500, 520)]}})
        assert [part.tolist() for part in crossed_sets(graph, P)] == [list(range(100)), list(range(40, 100))]

    def test_a_meeting_that_chance_explains_is_none(self) -> None:
        graph = graph_of(1000, {"signup": {1: range(200)}, "user_agent": {2: range(180, 380)}})
        assert [part.tolist() for part in crossed_sets(graph, P)] == [list(range(200))]

    def test_hubs_and_small_meetings_are_left_out(self) -> None:
        graph = graph_of(100, {"rotation": {1: range(40)}, "signup": {2: range(4)}})
        assert crossed_sets(graph, P) == []
