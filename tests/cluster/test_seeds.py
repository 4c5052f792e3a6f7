"""Seeds: communities that hubs do not join, carriers of templates, and traits that meet beyond chance."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.cluster import ClusterParameters
from distillscan.cluster.seeds import _edges as edges
from distillscan.cluster.seeds import communities, crossed_sets, template_sets
from distillscan.population.graph import SignalGraph
from distillscan.population.kinds import EGRESS, Kind
from tests.support.populations import KINDS, Carried, graph_of, signal_graph, signals_of

P = ClusterParameters(min_accounts=5, lift=6.0, member_bits=3.0)


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

    @pytest.mark.parametrize("kind", ["tls", "user_agent", "rotation", "pivot"])
    def test_software_and_habits_link_nobody(self, kind: str) -> None:
        assert not KINDS[kind].seeding
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
        again = communities(signal_graph(graph.population, shuffled), P)
        assert [part.tolist() for part in again] == [part.tolist() for part in parts]


class TestEdges:
    def test_a_token_weighs_its_rarity(self) -> None:
        # Two of 128 are six bits, four are five; hubs and single carriers are left out.
        graph = graph_of(128, {"ip": {1: [0, 1], 2: [0, 1, 2, 3], 3: range(100), 4: [7]}})
        block = edges(graph, Kind("ip", EGRESS, seeding=0.5), P).tocoo()
        assert dict(
            zip(zip(block.row.tolist(), block.col.tolist(), strict=True), block.data.tolist(), strict=True)
        ) == {
            (0, 0): 3.0,
            (1, 0): 3.0,
            **{(k, 1): 2.5 for k in range(4)},
        }

    def test_many_tokens_of_one_kind_weigh_no_more_than_two_rare_ones(self) -> None:
        graph = graph_of(128, {"ip": {k: [0, k] for k in range(1, 41)}})
        total = edges(graph, KINDS["ip"], P).sum(axis=1)
        assert total[0] == pytest.approx(12.0)
        assert total[1:41].tolist() == pytest.approx([6.0] * 40)


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

    @pytest.mark.parametrize(
        ("kind", "partner"),
        [
            *(("rotation", k) for k in ("stack", "signup", "tls", "user_agent", "pivot", "dealt", "voices", "intent")),
            *(("stack", k) for k in ("signup", "dealt", "voices", "intent")),
            *(("signup", k) for k in ("tls", "user_agent", "email_domain", "dealt", "voices", "intent")),
            *(("dealt", k) for k in ("tls", "user_agent", "voices", "intent")),
            *(("intent", k) for k in ("tls", "user_agent")),
        ],
    )
    def test_traits_are_crossed_with_those_of_other_causes(self, kind: str, partner: str) -> None:
        # The first is too common to be a seed by itself; 19.5 would meet by chance where sixty do.
        carried: Carried = {kind: {1: range(300)}, partner: {2: [*range(60), *range(300, 305)]}}
        sets = [part.tolist() for part in crossed_sets(graph_of(1000, carried), P)]
        assert list(range(60)) in sets
        assert list(range(300)) not in sets

    def test_kinds_of_one_cause_are_not_crossed(self) -> None:
        carried = {"tls": {1: range(60)}, "user_agent": {2: range(60)}, "voices": {3: range(60)}}
        assert crossed_sets(graph_of(1000, carried), P) == []

    def test_accounts_that_are_settled_are_left_out(self) -> None:
        settled = np.zeros(1000, np.bool_)
        settled[:30] = True
        carried: Carried = {"rotation": {1: range(100)}, "tls": {2: [*range(90), *range(500, 520)]}}
        sets = [part.tolist() for part in crossed_sets(graph_of(1000, carried), P, settled)]
        assert sets == [list(range(30, 100)), list(range(30, 90))]

    def test_where_everybody_is_settled_there_are_none(self) -> None:
        graph = graph_of(100, {"rotation": {1: range(20)}, "tls": {2: range(15)}})
        assert crossed_sets(graph, P) != []
        assert crossed_sets(graph, P, np.ones(100, np.bool_)) == []
