"""The command measures every log that is asked for, and prints or writes what came of them."""

from pathlib import Path

import click
import polars as pl
import pytest
from click.testing import CliRunner, Result

from benchmarks.pages import page as pages
from benchmarks.pages.page import Page
from benchmarks.scale import __main__ as command
from benchmarks.scale import measure
from benchmarks.scale.figures import Figures
from benchmarks.speed.tool import Tool
from tests.support.tools import stand_in

#: A package that writes what ``analyze`` and ``evaluate`` write.
TOOL = """
import json, pathlib, sys
seconds = {"read and profile": 0.4, "detect": 0.1, "cluster": 0.2, "score": 0.1}
pathlib.Path("report.json").write_text("{}")
pathlib.Path("stats.json").write_text(json.dumps({"seconds": seconds, "cpu_seconds": seconds}))
if sys.argv[1] == "evaluate":
    assert pathlib.Path(sys.argv[2]).read_text() == "{}"
    high = {"severity": "high", "precision": 1.0, "recall": 0.5}
    pathlib.Path("evaluation.json").write_text(json.dumps({"levels": [{"severity": "critical"}, high]}))
"""


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    interpreter, package = stand_in(tmp_path, TOOL)
    monkeypatch.setattr(Tool, "here", lambda: Tool(interpreter, package, "9.9"))
    scripts = tmp_path / "baselines"
    scripts.mkdir()
    for name in ("duckdb_queries.py", "scan.py"):
        (scripts / name).write_text("")
    monkeypatch.setattr(measure, "_BASELINES", scripts)
    monkeypatch.setattr(command, "find_spec", lambda _: True)
    monkeypatch.setattr(command, "circumstances", lambda words, *_: f"With {words}.")
    monkeypatch.setattr(command, "draw", lambda *_: None)
    monkeypatch.setattr(command, "FIGURES", tmp_path / "figures.json")
    page = Page(tmp_path / "performance.md", "python -m benchmarks.scale")
    page.path.write_text(f"{page.begin}\n\nold\n\n<!-- figures: end -->\n")
    monkeypatch.setattr(command, "PAGE", page)
    logs = tmp_path / "logs"
    logs.mkdir()
    for name, rows in (("default_1k", 10), ("disclosed_1k", 20)):
        pl.DataFrame({"account_id": ["a"] * rows}).write_parquet(logs / f"{name}.parquet")
        pl.DataFrame({"account_id": ["a", "b"]}).write_csv(logs / f"{name}.labels.csv")
    return page


def run(page: Page, *arguments: str) -> Result:
    logs = str(page.path.with_name("logs"))
    return CliRunner().invoke(command.main, [logs, "--accounts", "1000", "--runs", "1", *arguments])


def test_figures_are_printed_and_kept_beside_the_logs(page: Page) -> None:
    done = run(page)
    assert done.exit_code == 0, done.output
    assert "With python -m benchmarks.scale LOGS --accounts 1000 --runs 1." in done.stdout
    assert "| default | 2 | 0.40 | 0.10 | 0.20 | 0.10 | 1.00 |" in done.stdout
    assert "old" in page.path.read_text()
    kept = Figures.load(page.path.with_name("logs") / "figures.json").logs
    assert {name: (log.rows, log.accounts, log.precision, log.recall) for name, log in kept.items()} == {
        "default_1k": (10, 2, 1.0, 0.5), "disclosed_1k": (20, 2, 1.0, 0.5),
    }  # fmt: skip


def test_figures_are_written_beside_those_of_other_logs(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "check_clean", lambda: None)
    for scenario in ("default", "disclosed"):
        done = run(page, "--scenario", scenario, "--write")
        assert (done.exit_code, done.stdout) == (0, ""), done.output
    text = page.path.read_text()
    assert "old" not in text
    assert "| default | 2 |" in text
    assert "| disclosed | 2 |" in text


def test_nothing_is_written_from_a_clone_with_changes(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    def changed(*words: str) -> str:
        return " M docs/a.md\n M b.py" if words[0] == "status" else "abc"

    monkeypatch.setattr(pages, "_git", changed)
    with pytest.raises(click.UsageError, match=r"cannot be repeated: commit or stash docs/a\.md, b\.py first$"):
        pages.check_clean()
    assert run(page, "--write").exit_code == 2
    assert "old" in page.path.read_text()
