"""Helpers that several test modules share."""

from collections.abc import Iterable, Mapping
from functools import cache

import polars as pl

from distillscan.detect.registry import builtin
from distillscan.parameters import Parameters
from distillscan.population.accounts import Population
from distillscan.population.graph import SIGNALS, GraphParameters, SignalGraph
from distillscan.profile import Profile, merge, profile_batch
from distillscan.testing import numbers_of, population_of
from tests.support.handmade import at, canonical

__all__ = [
    "KINDS",
    "Carried",
    "graph_of",
    "number",
    "numbers_of",
    "population_of",
    "signal_graph",
    "signals_of",
    "strangers",
]

#: The kinds that the built-in detectors declare.
KINDS = Parameters.of(builtin()).kinds
Carried = Mapping[str, Mapping[int, Iterable[int]]]


@cache
def strangers(size: int) -> Profile:
    return merge([profile_batch(canonical([{"timestamp": at(0), "account_id": f"p{k}"} for k in range(size)]))])


def signals_of(population: Population, carried: Carried, judged: Iterable[str] = ()) -> pl.DataFrame:
    """Signals from kind to token to the numbers of the accounts that carry it, all of strength 1.

    Of a ``judged`` kind it is stated of all other accounts that they could have carried its tokens and do not.
    """
    accounts = population.profile.accounts["account"].to_list()
    rows = [
        (accounts[int(number)], kind, token, 1.0)
        for kind, tokens in carried.items()
        for token, numbers in tokens.items()
        for number in numbers
    ]
    for kind in judged:
        rows += [
            (account, kind, token, 0.0)
            for token, numbers in carried[kind].items()
            for k, account in enumerate(accounts)
            if k not in {int(number) for number in numbers}
        ]
    return pl.DataFrame(rows, schema=SIGNALS, orient="row")


def signal_graph(
    population: Population, signals: pl.DataFrame | None = None, parameters: GraphParameters | None = None
) -> SignalGraph:
    """A graph with the built-in kinds, of no signals if none are given."""
    return SignalGraph(
        population, SIGNALS.to_frame() if signals is None else signals, KINDS, parameters or GraphParameters()
    )


def graph_of(size: int, carried: Carried, parameters: GraphParameters | None = None) -> SignalGraph:
    """A graph of that many strangers of whom nothing is known but the tokens they carry."""
    population = Population(strangers(size))
    return signal_graph(population, signals_of(population, carried), parameters)


def number(population: Population, name: str) -> int:
    """Number of one account."""
    return population.profile.accounts["account_id"].to_list().index(name)
