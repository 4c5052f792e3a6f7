"""Variants of an analysis, and the measurement of a log from end to end."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmarks.detection import measure as measuring
from benchmarks.detection.__main__ import main
from benchmarks.detection.calibrate import clusters, to_table
from benchmarks.detection.calibrate import main as calibrate
from benchmarks.detection.measure import Job, measure
from benchmarks.detection.variants import MISSING, WHOLE, Variant, ablations, detectors
from benchmarks.pages.page import Page


def test_every_detector_and_column_group_has_its_variants() -> None:
    variants = ablations()
    assert len(set(variants)) == len(variants) == 2 * len(detectors()) + len(MISSING)
    assert WHOLE not in variants
    assert Variant(missing="no prompts").columns == ("prompt", "system_prompt")
    assert Variant(missing="no prompts").options == WHOLE.options
    assert Variant(without="synchrony").options.without == ("synchrony",)
    alone = Variant(only="synchrony").options
    assert (alone.detectors, alone.without) == (("synchrony",), ())
    # Else one family of evidence would never reach the report.
    assert float(alone.settings["score.prior_coordination"]) < 0


def test_a_log_is_analysed_in_every_variant(monkeypatch: pytest.MonkeyPatch) -> None:
    few = (Variant(only="synchrony"), Variant(missing="no prompts"))
    monkeypatch.setattr(measuring, "ablations", lambda: few)
    runs = measure(Job("simulator", "small", 1, 1_500, None, ablated=True))
    assert list(runs) == [WHOLE, *few]
    found = {variant: evaluation.level("high").right for variant, evaluation in runs.items()}
    assert found[WHOLE] > found[Variant(only="synchrony")]
    assert {group.name for group in runs[WHOLE].campaigns} == {"fanout_template", "injected_instruction"}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["--seeds", "1", "--workers", "1", *arguments])


def test_the_command_fills_the_page_between_its_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POLARS_MAX_THREADS", raising=False)
    page = Page(tmp_path / "page.md", "python -m benchmarks.detection --world simulator")
    end = "<!-- figures: end -->"
    page.path.write_text(f"before\n\n{page.begin}\n\nold\n\n{end}\n\nafter\n")
    done = run("--rows", "1500", "--scenario", "small", "--write", "--page", str(page.path))
    assert (done.exit_code, done.output) == (0, "1/1 small, seed 1\n")
    text = page.path.read_text()
    assert text.startswith(f"before\n\n{page.begin}\n\ndistillscan ")
    assert text.endswith(f"\n\n{end}\n\nafter\n")
    assert f"\n    {page.command} --rows 1500 --seeds 1 --scenario small\n" in text
    assert "old" not in text
    assert len([line for line in text.splitlines() if line.startswith("| `small` | `")]) == 2
    assert "POLARS_MAX_THREADS" not in os.environ


def test_the_command_prints_the_tables_of_any_world() -> None:
    done = run("--world", "held_out", "--rows", "2000", "--scenario", "plain", "--first-seed", "2")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    command = "python -m benchmarks.detection --world held_out --rows 2000 --seeds 1 --first-seed 2 --scenario plain"
    assert lines[1:3] == ["", f"    {command}"]
    assert len([line for line in lines if line.startswith("| `plain` | `")]) == 10


def test_the_command_says_what_is_wrong_before_it_measures(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no marks")
    done = run("--scenario", "none")
    assert done.exit_code == 2
    assert "Error: simulator has no scenario none; there are both_strongest, default, " in done.output
    done = run("--scenario", "small", "--write", "--page", str(page))
    assert done.exit_code == 2
    assert "has no lines <!-- figures: begin" in done.output
    assert "1/1" not in done.output
    assert page.read_text() == "no marks"


def test_clusters_are_counted_by_their_bits_and_by_whether_they_are_right() -> None:
    judged = [(-100.0, False), (-3.0, False), (4.0, True), (4.5, False), (12.0, True), (200.0, True)]
    lines = to_table(judged).splitlines()
    assert lines[:2] == ["| bits of coordination | clusters | right | share |", "| --- | --: | --: | --: |"]
    assert "| 4 to 5 | 2 | 1 | 0.50 |" in lines
    assert "| 9 to 99 | 1 | 1 | 1.00 |" in lines
    assert "| 0 to 1 | 0 | 0 | – |" in lines
    assert len(lines) == 12


def test_plain_campaigns_give_right_clusters_with_many_bits() -> None:
    judged = list(clusters("default", 3_000, 41))
    assert max(judged)[0] > 5
    assert max(judged)[1]
    done = CliRunner().invoke(calibrate, ["--rows", "3000", "--seeds", "1", "--scenario", "default"])
    assert done.output == to_table(judged) + "\n"
