"""Candidates of whole logs: the planted one, and a relay that shares nothing but conversations."""

import random
from typing import Any

import numpy as np
import pytest

from distillscan.cluster import ClusterParameters, find_candidates
from distillscan.cluster.refine import refine
from distillscan.cluster.seeds import communities, template_sets
from distillscan.detect.registry import builtin
from distillscan.detect.run import detect
from tests.support import planted
from tests.support.handmade import at
from tests.support.populations import population_of, signal_graph


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
    monkeypatch.setattr("distillscan.cluster.run.communities", lambda graph, p: [camp[card == card[0]]])
    monkeypatch.setattr("distillscan.cluster.run.template_sets", lambda graph, p: [])
    found = find_candidates(planted.graph(), ClusterParameters())
    assert [c.members.tolist() for c in found] == [camp.tolist()]


def test_template_sets_hold_every_carrier() -> None:
    sets = [set(part.tolist()) for part in template_sets(planted.graph(), ClusterParameters())]
    assert set(planted.members("camp").members.tolist()) in sets


def test_no_signals_no_candidates() -> None:
    graph = signal_graph(planted.population())
    assert find_candidates(graph, ClusterParameters()) == []


def talk(seed: str) -> str:
    """A prompt long enough to tell its conversation by, of words nobody else uses."""
    rng = random.Random(seed)
    return " ".join("".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(40))


def relayed(spread: bool) -> tuple[list[list[str]], set[str]]:
    """Candidates among 340 accounts, forty of which relay 120 conversations of real users; and the forty.

    Each conversation goes on where there is room, or, if not ``spread``, stays where it began. Sixty of the others are
    thirty people with two accounts and a conversation in both.
    """
    rng = np.random.default_rng(8)
    rows: list[dict[str, Any]] = []
    for n in range(120):
        places = rng.choice(40, 3, replace=False) if spread else [n % 40] * 3
        rows += [{"account_id": f"r{account:02d}", "prompt": talk(f"r {n}")} for account in places]
    for k in range(300):
        rows += [{"account_id": f"x{k}", "prompt": talk(f"x {k} {n // 3}")} for n in range(9)]
    rows += [{"account_id": f"x{k}", "prompt": talk(f"both {k // 2}")} for k in range(60)]
    # Every account works at its own hours, on its own address and card.
    rows = [
        {
            **row,
            "timestamp": at(float(rng.uniform(0, 300))),
            "ip": f"10.{row['account_id']}.1.1",
            "payment_id": row["account_id"],
        }
        for row in rows
    ]
    population = population_of(rows)
    detectors = builtin()
    found = detect(population, detectors, {d.name: d.parameters for d in detectors})
    assert [run.name for run in found.runs if run.status == "error"] == []
    candidates = find_candidates(signal_graph(population, found.signals), ClusterParameters())
    names = population.profile.accounts["account_id"]
    return [sorted(names[c.members.tolist()]) for c in candidates], {f"r{k:02d}" for k in range(40)}


def test_a_relay_of_real_users_is_one_candidate() -> None:
    found, relay = relayed(spread=True)
    assert found != []
    assert set(found[0]) == relay


def test_the_same_conversations_each_in_its_own_account_are_none() -> None:
    found, _ = relayed(spread=False)
    assert found == []
