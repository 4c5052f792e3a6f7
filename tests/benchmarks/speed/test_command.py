"""The command measures the parts it is asked for, and keeps or prints what came of them."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmarks.pages.page import Page
from benchmarks.speed import __main__ as command
from benchmarks.speed.figures import PARTS, Figures
from benchmarks.speed.tool import Tool
from tests.support.tools import stand_in

#: A package that writes a report and figures, as the tool does.
TOOL = """
import pathlib
pathlib.Path("report.json").write_text("{}")
pathlib.Path("stats.json").write_text('{"seconds": {"read": 0.01}}')
"""
RUN = ("--rows", "100", "--other-rows", "160", "--runs", "1")


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Tool]:
    interpreter, package = stand_in(tmp_path, TOOL)
    made = {version: Tool(interpreter, package, version) for version in ("9.9", "0.1.0")}
    monkeypatch.setattr(Tool, "here", lambda: made["9.9"])
    monkeypatch.setattr(Tool, "of", lambda _: made["0.1.0"])
    return made


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    page = Page(tmp_path / "performance.md", "python -m benchmarks.speed")
    page.path.write_text(f"# Title\n\n{page.begin}\n\nold\n\n<!-- figures: end -->\n\nEnd.\n")
    monkeypatch.setattr(command, "PAGE", page)
    monkeypatch.setattr(command, "FIGURES", tmp_path / "figures.json")
    return page


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command.main, [*RUN, *arguments])


def test_parts_are_printed_and_nothing_is_written(tools: object, page: Page, tmp_path: Path) -> None:
    before = page.path.read_text()
    parts = ("threads", "formats", "start", "first")
    done = run(*(word for part in parts for word in ("--part", part)), "--baseline", sys.executable)
    assert done.exit_code == 0, done.output
    text = done.stdout
    assert "    python -m benchmarks.speed --rows 100 --part threads" in text
    assert "--baseline EXECUTABLE\n" in text
    assert str(tmp_path) not in text
    assert "(the reports are identical byte for byte)" in text
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    assert [row[0] for row in rows if row[0].endswith("NDJSON")] == ["| NDJSON", "| LiteLLM NDJSON", "| Bedrock NDJSON"]
    assert [len(row) for row in rows if row[0] in ("| Parquet", "| second")] == [7, 5]
    assert page.path.read_text() == before
    assert not command.FIGURES.exists()


def test_what_is_measured_replaces_its_part_and_leaves_the_others(tools: object, page: Page) -> None:
    assert run("--part", "start", "--write").exit_code == 0
    assert run("--part", "threads", "--write").exit_code == 0
    text = page.path.read_text()
    assert text.startswith(f"# Title\n\n{page.begin}\n\ndistillscan ")
    assert text.endswith("|\n\n<!-- figures: end -->\n\nEnd.\n")
    assert "old" not in text
    assert "Starting up:" in text
    assert "Threads, 0.00016 M rows" in text
    assert list(Figures.load(command.FIGURES).parts) == ["start", "threads"]
    assert run("--part", "threads", "--write", "--fresh").exit_code == 0
    assert list(Figures.load(command.FIGURES).parts) == ["threads"]


def test_every_part_is_measured_without_a_baseline(tools: object, page: Page, tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    shutil.rmtree(tmp_path / "kept", ignore_errors=True)
    done = run("--write", "--folder", str(tmp_path / "kept"))
    assert done.exit_code == 0, done.output
    figures = Figures.load(command.FIGURES)
    assert tuple(figures.parts) == PARTS
    assert set(figures.parts["sizes"]["100"].runs) == {"tool", "duckdb", "scan"}
    assert figures.parts["shapes"]["twice the rows, same accounts"].rows == 320
    assert figures.parts["shapes"]["prompts of 10 kB"].prompt_bytes > 10 * 5_000
    assert all(set(entry.runs) == {"tool"} for entry in figures.parts["first"].values())
    assert (tmp_path / "kept" / "log-100-1.parquet").exists()


def test_a_missing_library_is_said_before_anything_is_measured(
    tools: object, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "find_spec", lambda _: None)
    done = run("--part", "sizes")
    assert done.exit_code == 2
    assert "the part sizes needs duckdb: pip install -e '.[bench]'" in done.output
