"""``distillscan simulate``: options reach the simulator, and outputs are checked before the work."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result as Outcome

Run = Callable[..., Outcome]


def test_simulate_lists_its_scenarios(run: Run) -> None:
    from distillscan.simulate import list_scenarios

    lines = run("simulate", "--list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(list_scenarios())


def test_simulate_says_what_it_wrote_to_a_person(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from distillscan import simulate as simulator

    monkeypatch.setattr(simulator, "load_scenario", str)
    monkeypatch.setattr(simulator, "Simulation", lambda *_: "log")
    monkeypatch.setattr(simulator, "write", lambda _, out: out.with_suffix(".labels.csv"))
    monkeypatch.setattr(sys.modules["distillscan.cli.simulate"], "is_terminal", lambda _: True)
    done = run("simulate", str(tmp_path / "log.csv"), "--rows", "1234")
    assert done.output == f"wrote {tmp_path}/log.csv (1,234 rows) and its labels, {tmp_path}/log.labels.csv\n"


def test_simulate_hands_its_options_over(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from distillscan import simulate as simulator

    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr(simulator, "load_scenario", lambda name: f"scenario {name}")
    monkeypatch.setattr(simulator, "load_corpus", lambda path: f"corpus {path}")

    def record(*args: Any) -> str:
        calls.append(args)
        return "log"

    monkeypatch.setattr(simulator, "Simulation", record)
    monkeypatch.setattr(simulator, "write", record)
    out = str(tmp_path / "log.csv")
    assert run("simulate", out).output == ""
    assert (
        run("simulate", out, "--rows", "50", "--seed", "7", "--scenario", "own.toml", "--corpus", "real").exit_code == 0
    )
    assert calls == [
        ("scenario default", 20_000, 1, None),
        ("log", Path(out)),
        ("scenario own.toml", 50, 7, "corpus real"),
        ("log", Path(out)),
    ]


@pytest.mark.parametrize(
    ("args", "stderr"),
    [
        ([], "error: simulate needs a file to write, as in: distillscan simulate log.parquet\n"),
        (["log.json"], "error: cannot write log.json: name a file that ends in .parquet or .csv\n"),
        (["no/log.csv"], "error: cannot write no/log.csv: there is no folder {cwd}/no; create it first\n"),
    ],
)
def test_simulate_checks_its_output_first(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], stderr: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("simulate", *args)
    assert (done.exit_code, done.stderr) == (2, stderr.replace("{cwd}", str(tmp_path)))
