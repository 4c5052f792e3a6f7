"""Processes are timed one by one, and the tool is the one that was asked for."""

import json
import sys
from pathlib import Path

import click
import pytest

from benchmarks.speed.processes import Command, in_turn, timed
from benchmarks.speed.tool import Tool

#: Writes what the tool writes, counting its runs.
TOOL = """
import pathlib, sys
runs = pathlib.Path("runs")
count = int(runs.read_text()) + 1 if runs.exists() else 1
runs.write_text(str(count))
pathlib.Path("report.json").write_text("x")
pathlib.Path("stats.json").write_text('{"seconds": {"read": %d}}' % count)
"""


def python(folder: Path, script: str) -> Command:
    return Command([sys.executable, "-c", script], folder)


def test_a_process_is_timed_with_what_the_tool_says_of_itself(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    found = in_turn({"one": python(tmp_path, TOOL), "other": python(tmp_path / "other", "pass")}, 2)
    assert [run.phases for run in found["one"]] == [{"read": 2}, {"read": 3}]  # the first run does not count
    assert [run.report[:8] for run in found["one"]] == ["2d711642"] * 2
    assert all(0 < run.cpu < 60 and run.wall > 0 for run in found["one"])
    assert [(run.phases, run.report) for run in found["other"]] == [({}, "")] * 2


def test_figures_of_an_earlier_command_are_not_taken_for_those_of_the_next(tmp_path: Path) -> None:
    assert timed(python(tmp_path, TOOL)).phases == {"read": 1}
    assert timed(python(tmp_path, "pass")).phases == {}


def test_peak_memory_is_the_processs_own(tmp_path: Path) -> None:
    ballast = b"x" * 300_000_000  # what this process has in use does not count
    small, large = timed(python(tmp_path, "pass")), timed(python(tmp_path, "x = b'x' * 200_000_000"))
    assert small.peak < 100_000_000 < 200_000_000 < large.peak < 300_000_000 == len(ballast)


def test_a_command_that_fails_is_told_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match="ended with 3: no luck"):
        timed(python(tmp_path, "import sys; sys.stderr.write('no luck'); sys.exit(3)"))
    with pytest.raises(click.ClickException, match="ended with 137"):
        timed(python(tmp_path, "import os; os.kill(os.getpid(), 9)"))


def test_code_is_found_as_in_a_plain_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    script = "import os, sys; sys.exit(any(n in os.environ for n in ('PYTHONPATH', 'PYTHONDONTWRITEBYTECODE')))"
    assert timed(python(tmp_path, script)).wall > 0


def test_this_tool_is_run_by_this_python(tmp_path: Path) -> None:
    tool = Tool.here()
    assert (tool.package / "pipeline.py").exists()
    command = tool.analyze(tmp_path, [Path("log.parquet")], "--threads", "2")
    assert list(command.words[:5]) == [sys.executable, "-m", "distillscan", "analyze", "log.parquet"]
    assert list(command.words[-2:]) == ["--threads", "2"]
    assert timed(tool.command(tmp_path, ["--help"])).wall > 0


def test_another_version_is_found_by_its_executable(tmp_path: Path) -> None:
    scripts = tmp_path / "bin"
    scripts.mkdir()
    executable = scripts / "distillscan"
    executable.write_text("")
    with pytest.raises(click.UsageError, match="is no python: give the distillscan of a virtual environment"):
        Tool.of(executable)
    answer = scripts / "python"
    answer.write_text(f"#!{sys.executable}\nprint('{tmp_path}/distillscan')\nprint('0.0.9')\n")
    answer.chmod(0o755)
    assert Tool.of(executable) == Tool(answer, tmp_path / "distillscan", "0.0.9")
    answer.write_text(f"#!{sys.executable}\nraise SystemExit('No module named distillscan')\n")
    with pytest.raises(click.UsageError, match="python has no distillscan: No module named distillscan"):
        Tool.of(executable)


#: A tool that keeps compiled code beside its own and in the user's cache.
MAIN = """
import json, os, pathlib
beside, cache = pathlib.Path(__file__).with_name("__pycache__"), pathlib.Path(os.environ["XDG_CACHE_HOME"])
kept = [beside / "kernel.nbi", cache / "kernel"]
found = [path.exists() for path in kept]
for path in kept:
    path.parent.mkdir(exist_ok=True)
    path.write_text("compiled")
state = {"found": found, "home": os.environ["HOME"], "bytecode": len(list(beside.glob("*.pyc")))}
pathlib.Path("report.json").write_text(json.dumps(state))
pathlib.Path("stats.json").write_text('{"seconds": {}}')
"""


def test_a_fresh_start_finds_no_compiled_code_and_the_second_run_does(tmp_path: Path) -> None:
    package = tmp_path / "site" / "distillscan"
    (package / "__pycache__").mkdir(parents=True)
    (package / "__pycache__" / "kernel.nbi").write_text("compiled before")
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(MAIN)
    tool = Tool(Path(sys.executable), package, "0.0.9")
    for _ in range(2):
        with tool.fresh(tmp_path, Path("log.parquet")) as command:
            for found in (False, True):
                timed(command)
                state = json.loads((command.folder / "report.json").read_text())
                assert state == {"found": [found] * 2, "home": str(command.folder), "bytecode": 2}
        assert not command.folder.exists()
