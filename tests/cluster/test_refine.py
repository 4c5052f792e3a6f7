"""What refinement makes of a seed, who is neutral to it, and which candidates are kept."""

from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from distillscan.cluster import ClusterParameters, find_candidates
from distillscan.cluster.refine import refine
from distillscan.cluster.run import _disjoint as disjoint
from distillscan.cluster.run import _operators as operators
from distillscan.cluster.split import split
from distillscan.cluster.weigh import Unclaimed
from distillscan.detect.base import Candidate
from distillscan.population.accounts import Ints, Population
from distillscan.population.graph import SignalGraph
from tests.support.crowds import P, crowd, settled
from tests.support.handmade import at
from tests.support.populations import (
    KINDS,
    Carried,
    graph_of,
    number,
    numbers_of,
    population_of,
    signal_graph,
    signals_of,
)


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

    def test_it_takes_in_and_drops_round_by_round(self, monkeypatch: pytest.MonkeyPatch) -> None:
        carried = {"payment": {1: range(40)}, "template": {2: range(40)}}
        with monkeypatch.context() as rounds:
            rounds.setattr("distillscan.cluster.refine._ROUNDS", 1)
            once = settled(self.population, carried, [*range(12), 500, 501])
        whole = settled(self.population, carried, [*range(12), 500, 501])
        assert once[0] == whole[0] == list(range(40))
        # After one round the bits are those that the seed gives; settled ones are the members' own.
        assert once[1][0] < whole[1][0] == pytest.approx(np.log2(40 / 960) + 18.0)

    @pytest.mark.parametrize("seed", [range(4), range(500, 540), range(16, 30), []])
    def test_what_holds_nothing_together_falls_apart(
        self, seed: Iterable[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        carried = {"payment": {1: range(4), 3: range(16, 20)}, "template": {2: range(20)}}
        assert settled(self.population, carried, seed) == ([], [])
        monkeypatch.setattr("distillscan.cluster.refine._ROUNDS", 1)
        assert settled(self.population, carried, seed) == ([], [])


class TestReach:
    camp, family = range(24), range(30, 34)
    cards: ClassVar[dict[int, Iterable[int]]] = {1: range(8), 2: range(8, 16), 3: range(16, 24)}

    @staticmethod
    def homes(count: int) -> dict[int, range]:
        """Households of four, none of which has anything to do with the campaign."""
        return {100 + k: range(100 + 4 * k, 104 + 4 * k) for k in range(count)}

    def carried(self, family: Iterable[int], homes: int) -> Carried:
        """A campaign on three cards of eight; a family that uses its wording, with a card and so on of its own."""
        own = {kind: {9: family, **self.homes(homes)} for kind in ("device", "ip", "ip_prefix", "email_domain")}
        cards = {**self.cards, 9: family, **self.homes(homes)}
        return {**own, "payment": cards, "template": {1: [*self.camp, *family]}}

    def test_a_family_is_nobodys_reason_and_cards_of_eight_are(self) -> None:
        # The prior is -6.9 bits, so that the wording alone (9) does not make a member.
        population = crowd(3400)
        everyone = [*self.camp, *self.family]
        assert settled(population, self.carried(self.family, 200), everyone)[0] == list(self.camp)
        # Five on a card are what a cluster is at least.
        five = range(30, 35)
        assert settled(population, self.carried(five, 200), [*self.camp, *five])[0] == [*self.camp, *five]

    @pytest.mark.parametrize(("homes", "worth"), [(5, np.log2((4.5 / 29) / (20.5 / 973))), (200, 0.0)])
    def test_what_a_family_shares_weighs_as_sharing_is_unusual(self, homes: int, worth: float) -> None:
        # In a smaller log the wording makes members of them; a stranger with the wording and a card of its own is out.
        population = crowd(1000)
        everyone = [*self.camp, *self.family, 40]
        cards = {**self.cards, 9: self.family, **self.homes(homes)}
        members, bits = settled(population, {"template": {1: everyone}, "payment": cards}, everyone)
        assert members == [*self.camp, *self.family]
        prior = np.log2(28 / 972)
        assert bits == pytest.approx([prior + 18.0] * 24 + [prior + 9.0 + worth] * 4)

    def test_small_cards_reach_over_one_another(self) -> None:
        # Three on each card and three on each device: each account meets two others over either, five in all.
        rows = [list(range(3 * k, 3 * k + 3)) for k in range(3)]
        columns = [[k, k + 3, k + 6] for k in range(3)]
        homes = self.homes(200)
        carried: Carried = {
            "payment": {**dict(enumerate(rows, 1)), **homes},
            "device": {**dict(enumerate(columns, 1)), **homes},
            "template": {1: range(9)},
        }
        population = crowd(3400)
        members, bits = settled(population, carried, range(9))
        assert members == list(range(9))
        assert bits == pytest.approx([np.log2(9 / 3391) + 18.0] * 9)
        # Cards alone join three, as they do in every fourth home: two bits.
        alone = {**carried, "device": {}}
        assert settled(population, alone, range(9))[0] == []

    @pytest.mark.parametrize("others", [0, 490, 980])
    def test_sessions_weigh_less_where_others_share_some_as_well(self, others: int) -> None:
        ring = {1 + k: [k, (k + 1) % 20] for k in range(20)}
        pairs = {5000 + k: [20 + 2 * k, 21 + 2 * k] for k in range(others // 2)}
        carried: Carried = {"session": {**ring, **pairs}, "template": {2: range(20)}}
        members, bits = settled(TestRefine.population, carried, range(20))
        # With all others on sessions in common it is as if there were none: the wording alone is left.
        _, worded = settled(TestRefine.population, {"template": {2: range(20)}}, range(20))
        cap = KINDS["session"].cause.cap
        assert members == list(range(20))
        assert np.array(bits) - worded == pytest.approx([cap * (1 - others / 980)] * 20)

    def test_a_conversation_in_two_accounts_joins_both_to_a_pool(self) -> None:
        carried: Carried = {
            "conversation": {1 + k: [k, (k + 1) % 20] for k in range(20)},
            "template": {1: range(20)},
        }
        # Of accounts with long prompts it is known that they share none.
        talking = crowd(1000, prompt=lambda k: f"the story of number {k} " * 20)
        members, bits = settled(talking, carried, range(20))
        assert members == list(range(20))
        assert bits == pytest.approx([np.log2(20 / 980) + 18.0] * 20)
        as_cards = {**carried, "payment": carried["conversation"]}
        del as_cards["conversation"]
        # Two of twenty on a card may be chance: the wording is left.
        assert settled(crowd(1000), as_cards, range(20))[1] == pytest.approx([np.log2(20 / 980) + 9.0] * 20)


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
            graph = signal_graph(population, signals_of(population, carried))
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
        graph = graph_of(100, {"ip": {1: [0, 1]}})
        strong = Candidate(np.arange(20), graph, np.full(20, 9.0))
        weak = Candidate(np.array(weaker), graph, np.arange(len(weaker)) / 10 + 3)
        first, *rest = disjoint([weak, strong], P, Unclaimed(graph))
        assert first.members.tolist() == list(range(20))
        assert [c.members.tolist() for c in rest] == ([kept] if kept else [])
        # Each keeps its own bits.
        assert [b for c in rest for b in c.bits] == [weak.bits[n - weaker.start] for n in kept]

    def test_only_so_many_are_returned_the_strongest_first(self) -> None:
        graph = graph_of(100, {"ip": {1: [0, 1]}})
        several = [Candidate(np.arange(10 * k, 10 * k + 10), graph, np.full(10, 3.0 + k % 3)) for k in range(6)]
        found = disjoint(several, replace(P, max_candidates=4), Unclaimed(graph))
        assert [int(c.members[0]) for c in found] == [20, 50, 10, 40]

    def test_what_was_opened_once_is_not_opened_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pools: Carried = {
            "payment": {1: range(12), 2: range(12, 24)},
            "device": {1: range(12), 2: range(12, 24)},
            "template": {k: range(12) if k < 4 else range(12, 24) for k in range(1, 7)},
        }
        population = crowd(1500, device_id=lambda k: f"d{k}")
        graph = signal_graph(population, signals_of(population, pools))
        looked: list[int] = []

        def noted(graph: SignalGraph, members: Ints, p: ClusterParameters) -> list[Ints]:
            looked.append(members.size)
            return split(graph, members, p)

        monkeypatch.setattr("distillscan.cluster.run.split", noted)
        whole = Candidate(np.arange(24), graph, np.full(24, 9.0))
        # The one lacks a tenth of the other at most, and the other a third of it: 22 of 24 and 24 of 24.
        nearly = Candidate(np.arange(1, 23), graph, np.full(22, 9.0))
        found = disjoint([whole, nearly], P, Unclaimed(graph))
        assert sorted(c.members.tolist() for c in found) == [list(range(12)), list(range(12, 24))]
        assert looked == [24, 12, 12]
        # What has little more than a half of it is something else.
        looked.clear()
        disjoint([whole, Candidate(np.arange(14), graph, np.full(14, 12.0))], P, Unclaimed(graph))
        assert looked[:2] == [24, 14]

    def test_a_pool_is_found_from_its_parts(self) -> None:
        population, carried, members = self.pool(40, 10)
        graph = signal_graph(population, signals_of(population, carried))
        assert [c.members.tolist() for c in find_candidates(graph, P)] == [members.tolist()]

    @pytest.mark.parametrize(("shared", "a_card"), [("card and device", 40), ("addresses", 4)])
    def test_a_pool_is_found_even_if_its_parts_are_small(self, shared: str, a_card: int) -> None:
        population, carried, members = self.pool(40, 4)
        if shared == "addresses":
            cards = {1 + k: members[k :: 40 // a_card] for k in range(40 // a_card)}
            carried = {"payment": cards, "ip": dict.fromkeys((1, 2, 3), members)}
        graph = signal_graph(population, signals_of(population, carried))
        settled = refine(graph, members, P)
        assert settled is not None
        assert settled.members.tolist() == members.tolist()
        assert [c.members.tolist() for c in find_candidates(graph, P)] == [members.tolist()]


class TestPeeling:
    """Operator ``one`` has a wording and cards; ``two`` has only traits, all of which ``one`` shows as well."""

    one, two = range(60), range(60, 100)
    population = crowd(2000, tls_fingerprint=lambda k: f"t{k}")

    def graph(self) -> SignalGraph:
        rng = np.random.default_rng(1)

        def also(count: int) -> list[int]:
            return [*self.one, *self.two, *rng.choice(np.arange(100, 2000), count, replace=False).tolist()]

        carried: Carried = {
            "template": {1: self.one},
            "payment": {1: range(30), 2: range(30, 60)},
            "rotation": {1: also(60)},
            "tls": {1: also(100)},
            "dealt": {1: also(80)},
        }
        return signal_graph(self.population, signals_of(self.population, carried, ["rotation", "dealt"]))

    def test_what_the_first_covered_up_is_found_once_it_is_settled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        graph = self.graph()
        with monkeypatch.context() as unpeeled:
            unpeeled.setattr("distillscan.cluster.run._PEELINGS", 0)
            (first,) = find_candidates(graph, P)
        assert first.members.tolist() == list(self.one)
        again, second = find_candidates(graph, P)
        assert again.members.tolist() == first.members.tolist()
        assert second.members.tolist() == list(self.two)
        # Rotation weighs at most four bits, an even share of the requests three, software two.
        assert second.bits == pytest.approx([np.log2(40 / 1960) + 9.0] * 40)

    def test_who_is_settled_neither_joins_nor_is_compared_with(self) -> None:
        settled = np.zeros(2000, np.bool_)
        settled[list(self.one)] = True
        # The wording of the second is on some of the first as well, and its mail domain on all of them.
        carried: Carried = {
            "email_domain": {1: [*self.one, *self.two, *range(500, 700)]},
            "template": {1: [*range(5), *self.two]},
        }
        population = crowd(2000, email_domain=lambda k: f"d{k}.example")
        graph = signal_graph(population, signals_of(population, carried))
        for mask, members, outside in (
            (settled, list(self.two), 200.5 / 1901),
            (None, [*range(5), *self.two], 255.5 / 1956),
        ):
            again = refine(graph, np.array(self.two), P, Unclaimed(graph, mask))
            assert again is not None
            assert again.members.tolist() == members
            size = len(members)
            registration = np.log2((size + 0.5) / (size + 1) / outside)
            assert again.bits == pytest.approx([np.log2(size / (2000 - size)) + 9.0 + registration] * size)

    def test_where_all_belong_somewhere_nothing_more_is_looked_for(self) -> None:
        population = crowd(40)
        pools = {1: range(20), 2: range(20, 40)}
        carried: Carried = {
            "template": pools,
            "payment": pools,
            "rotation": {1: range(10)},
            "dealt": {1: range(5, 20)},
        }
        graph = signal_graph(population, signals_of(population, carried))
        found = [c.members.tolist() for c in find_candidates(graph, P)]
        assert sorted(found) == [list(range(20)), list(range(20, 40))]

    def test_parts_of_a_candidate_do_not_grow_back_over_those_who_are_settled(self) -> None:
        # Twenty settled accounts are on the card and the addresses of the first of two pools.
        old, one, two = range(20), range(20, 40), range(40, 60)
        pools = {1: [*old, *one], 2: two}
        population = crowd(2000)
        graph = signal_graph(population, signals_of(population, {"payment": pools, "ip": pools}))
        candidate = Candidate(np.array([*one, *two]), graph, np.full(40, 9.0))
        done = population.mask(np.array(old))
        assert [c.members.tolist() for c in operators(candidate, P, Unclaimed(graph, done))] == [list(one), list(two)]
        # While they are free the first is part of something as large as the whole, and does not stand alone.
        assert [c.members.tolist() for c in operators(candidate, P, Unclaimed(graph))] == [list(two)]
