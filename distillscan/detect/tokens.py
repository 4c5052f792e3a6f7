"""Tokens from links and traits: what detectors make their signals of."""

import polars as pl

from distillscan.population.accounts import Ints, Mask, Population
from distillscan.population.graph import SIGNALS


def shared_entities(links: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Return the entities that at least two accounts touch, as tokens (``SIGNALS``)."""
    shared = links.filter(pl.len().over("entity") >= 2)
    return shared.select("account", pl.lit(kind).alias("kind"), pl.col("entity").alias("token"), strength=pl.lit(1.0))


def trait_tokens(population: Population, kind: str, token: int, has_trait: Mask, observable: Mask) -> pl.DataFrame:
    """Return a trait of accounts by themselves as a token (``SIGNALS``), stated of all for which it is observable."""
    every = population.profile.accounts.select(
        "account", pl.lit(kind).alias("kind"), token=pl.lit(token), strength=pl.Series(has_trait)
    )
    return every.filter(pl.Series(observable)).cast(SIGNALS)


def masks_of(population: Population, numbers: Ints, shows: Mask, told: Mask) -> tuple[Mask, Mask]:
    """Return the accounts of which something holds, and all of which it can be told, given beside their numbers."""
    return population.mask(numbers[shows & told]), population.mask(numbers[told])
