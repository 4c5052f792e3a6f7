"""Which parameters matter: values that are tried, accounts that move, and a table of both."""

from typing import Any

import pytest

from benchmarks.detection.parameters import Bench, Effect, changed_values, profile_of, settings_of, to_table
from tests.support import planted


@pytest.mark.parametrize(
    ("value", "tried"),
    [
        (8, ("4", "16")),
        (1, ("0", "2")),
        (0, ()),
        (0.25, ("0.125", "0.5")),
        (0.75, ("0.375", "0.875")),
        (-17.0, ("-8.5", "-34.0")),
        (True, ()),
    ],
)
def test_values_are_halved_and_doubled(value: Any, tried: tuple[str, ...]) -> None:
    assert changed_values(value) == tried


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench(profile_of(planted.log()))


def test_every_group_is_tried(bench: Bench) -> None:
    groups = {parameter.partition(".")[0] for parameter, _ in settings_of(bench.defaults)}
    assert groups == {"cluster", "score", *bench.defaults.detectors}


def test_what_a_value_moves_is_counted(bench: Bench) -> None:
    parameter = "score.report_coordination"
    assert bench.effect(parameter, "0.5") == Effect(parameter, "0.5", 0)
    everybody = bench.effect(parameter, "1.1").moved
    assert everybody >= 50  # the planted campaign
    assert bench.effect("cluster.min_accounts", "100000").moved == everybody
    assert bench.effect("account_fanout.burst_hours", "6").moved == 0


def test_the_table_adds_up_over_values_and_logs() -> None:
    effects = [Effect("a.b", "1", 3), Effect("a.b", "4", 0), Effect("a.c", "1", 0), Effect("a.b", "1", 1_200)]
    lines = to_table(effects).splitlines()
    assert [line.split("|")[1:3] for line in lines[2:]] == [[" `a.b` ", " 1,203 "], [" `a.c` ", " 0 "]]
