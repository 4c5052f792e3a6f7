"""One log that holds every cohort and campaign, built once."""

import polars as pl
import pytest

from distillscan.simulate import SimulatedLog, load_scenario, simulate


@pytest.fixture(scope="session")
def everything() -> SimulatedLog:
    return simulate(load_scenario("everything"), 60_000, 5)


@pytest.fixture(scope="session")
def rows(everything: SimulatedLog) -> pl.DataFrame:
    """The log with its labels beside each request."""
    return everything.log.join(everything.labels, on="account_id", maintain_order="left")
