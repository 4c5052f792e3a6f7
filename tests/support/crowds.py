"""Helpers that several test modules share."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from distillscan.cluster import ClusterParameters
from distillscan.cluster.refine import refine
from distillscan.population.accounts import Population
from tests.support.populations import Carried, population_of, signal_graph, signals_of

P = ClusterParameters(min_accounts=5, lift=6.0, member_bits=3.0)


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


def settled(
    population: Population,
    carried: Carried,
    seed: Iterable[int],
    p: ClusterParameters = P,
    judged: Iterable[str] = (),
) -> tuple[list[int], list[float]]:
    """Members and bits of what a seed settles on, nothing if it falls apart."""
    graph = signal_graph(population, signals_of(population, carried, judged))
    candidate = refine(graph, np.array(sorted(seed), np.int64), p)
    if candidate is None:
        return [], []
    assert candidate.strength == pytest.approx(sum(candidate.bits))
    return candidate.members.tolist(), candidate.bits.tolist()
