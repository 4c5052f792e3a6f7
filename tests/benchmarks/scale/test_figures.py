"""Figures of a log are medians, and growth is the slope of their logarithms."""

from pathlib import Path

import pytest

from benchmarks.scale.figures import Figures, Measured, growth
from benchmarks.scale.tables import tables
from benchmarks.speed.processes import Run


def run(wall: float, back: float, cpu: dict[str, float] | None = None) -> Run:
    phases = {"read and profile": 4.0, "detect": back / 4, "cluster": back / 2, "score": back / 4}
    return Run(wall, 2 * wall, int(1e9), phases, "same", cpu or {})


def measured(
    accounts: int, back: float, family: str = "default", commit: str = "abc", cpu: dict[str, float] | None = None
) -> Measured:
    tool = [run(9.0, 9 * back, cpu), run(7.0, back, cpu), run(8.0, back, cpu)]
    runs = {"tool": tool, "duckdb": [run(2.0, 0)], "scan": [run(0.5, 0)]}
    return Measured(family, 20 * accounts, accounts, runs, 0.9999, 0.95, commit)


def lines(*logs: Measured) -> list[str]:
    named = {f"{log.family}_{log.accounts}": log for log in logs}
    return tables(Figures("A machine.", named)).splitlines()


@pytest.mark.parametrize("exponent", [1.0, 1.5, 2.0])
def test_growth_is_the_exponent(exponent: float) -> None:
    sizes = [50_000, 100_000, 400_000, 1_000_000]
    assert growth(sizes, [3 * size**exponent for size in sizes]) == pytest.approx(exponent)


def test_two_logs_say_nothing_of_growth() -> None:
    assert growth([1, 2], [1, 2]) is None
    assert not any("to the power" in line for line in lines(measured(1_000, 1), measured(2_000, 2)))


def test_the_table_has_medians_and_the_ratio_to_the_queries() -> None:
    text = lines(measured(50_000, 6.0))
    assert "| default | 50,000 | 1 M | 8.00 | 2.00 | 0.50 | 4.00 | 16.0 | 4.00 | 1.00 GB | 0.999 | 0.950 |" in text
    assert "| default | 50,000 | 4.00 | 1.50 | 3.00 | 1.50 | 1.50 |" in text
    assert "Where they go, in seconds:" in text


def test_processor_seconds_of_phases_are_taken_where_the_tool_says_them() -> None:
    cpu = {"read and profile": 8.0, "detect": 1.0, "cluster": 2.0, "score": 1.0}
    text = lines(measured(50_000, 6.0, cpu=cpu))
    assert "Where they go, in processor seconds:" in text
    assert "| default | 50,000 | 8.00 | 1.00 | 2.00 | 1.00 | 0.50 |" in text


def test_growth_is_told_for_each_scenario_of_three_sizes() -> None:
    logs = [measured(size, size / 1000) for size in (1_000, 2_000, 4_000)]
    text = lines(*logs, measured(1_000, 1.0, "mission"))
    assert "Detecting, clustering and scoring grow with the accounts to the power of `default`: 1.00." in text


def test_logs_of_other_commits_are_named() -> None:
    text = lines(measured(1_000, 1.0), measured(2_000, 2.0, commit="def"))
    assert "Not all of one commit: abc: default_1000; def: default_2000." in text


def test_figures_are_read_as_they_were_written(tmp_path: Path) -> None:
    figures = Figures("A machine.", {"default_1k": measured(1_000, 1.0)})
    figures.save(tmp_path / "figures.json")
    assert Figures.load(tmp_path / "figures.json") == figures
