import numpy as np
import planted
import pytest

from distillscan.cluster import find_candidates
from distillscan.cluster.candidates import refine
from distillscan.cluster.seeds import communities, template_sets
from distillscan.parameters import ClusterParameters
from distillscan.population import SIGNALS, SignalGraph


def groups(numbers: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> set[str]:
    return {name.split("-")[0] for name in planted.names(numbers)}


def test_the_campaign_comes_first_and_whole() -> None:
    first = planted.candidates()[0]
    assert planted.names(first.members) == [f"camp-{k:03d}" for k in range(50)]


def test_candidates_are_disjoint_and_pure() -> None:
    everyone = np.concatenate([c.members for c in planted.candidates()])
    assert everyone.size == np.unique(everyone).size
    assert all(len(groups(c.members)) == 1 for c in planted.candidates())


def test_ordinary_accounts_belong_nowhere() -> None:
    assert all("home" not in groups(c.members) for c in planted.candidates())


@pytest.mark.parametrize("strangers", [0, 10, 30])
def test_refining_drops_strangers_and_takes_in_the_rest(strangers: int) -> None:
    camp, home = planted.members("camp").members, planted.members("home").members
    seed = np.sort(np.concatenate([camp[:30], home[:strangers]]))
    found = refine(planted.graph(), seed, ClusterParameters())
    assert found is not None
    assert found.members.tolist() == camp.tolist()
    assert (found.bits >= ClusterParameters().member_bits).all()


def test_strangers_alone_fall_apart() -> None:
    assert refine(planted.graph(), planted.members("home").members[:40], ClusterParameters()) is None


def test_seeds_do_not_depend_on_the_order_of_signals() -> None:
    p = ClusterParameters()
    once = [part.tolist() for part in communities(planted.graph(), p)]
    again = [part.tolist() for part in communities(planted.graph(), p)]
    assert once == again


def test_a_part_held_together_by_one_card_grows_to_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    camp = planted.members("camp").members
    card = planted.population().dominant("payment")[camp]
    monkeypatch.setattr("distillscan.cluster.candidates.communities", lambda graph, p: [camp[card == card[0]]])
    monkeypatch.setattr("distillscan.cluster.candidates.template_sets", lambda graph, p: [])
    found = find_candidates(planted.graph(), ClusterParameters())
    assert [c.members.tolist() for c in found] == [camp.tolist()]


def test_template_sets_hold_every_carrier() -> None:
    sets = [set(part.tolist()) for part in template_sets(planted.graph(), ClusterParameters())]
    assert set(planted.members("camp").members.tolist()) in sets


def test_no_signals_no_candidates() -> None:
    graph = SignalGraph(planted.population(), SIGNALS.to_frame())
    assert find_candidates(graph, ClusterParameters()) == []
