"""The tables of docs/evaluation.md: medians and worst cases of evaluations made by hand, and the script end to end."""

import importlib
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from distillscan.detect.registry import builtin
from distillscan.evaluate import Evaluation, evaluate
from tests.support.labelled import cluster, labels, mixed, report
from tests.support.places import ROOT

FOLDER = ROOT / "benchmarks" / "detection"


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("detection_tables")


def perfect() -> Evaluation:
    return evaluate(
        report(cluster("ann", "high", 0.99, ["a1", "a2", "a3", "a4"]), cluster("bob", "high", 0.91, ["b1", "b2"])),
        labels(),
    )


def section(text: str, title: str) -> list[str]:
    return text.partition(f"## {title}")[2].partition("\n## ")[0].splitlines()


def test_medians_with_the_worst_in_brackets(module: ModuleType) -> None:
    good, bad = perfect(), evaluate(mixed(), labels())
    text = module.tables({("one", 1): {"": good}, ("one", 2): {"": bad}, ("one", 3): {"": good}})
    assert text.startswith("Each figure is the median of 3 logs; the worst stands in brackets where it differs.\n")
    assert (
        "| `one` | 12 | 6 | 1.000 | 1.000 (0.833) | 0 | 0 (1) | 0.000 (0.200) | 0.000 (0.200) | 1.000 (0.988) "
        "| 0.004 (0.335) |"
    ) in section(text, "Scenarios")
    assert section(text, "Campaigns")[-2:] == [
        "| `one` | `fan-1` | 4 | 1.000 | 1.000 | 1.000 |",
        "| `one` | `relay-1` | 2 | 1.000 (0.500) | 1.000 | 1.000 |",
    ]
    assert section(text, "Innocent")[-2:] == ["| `campus` | 6 | 0 | 1 | 1 |", "| `ordinary` | 12 | 0 | 0 | 2 |"]
    # 0.99 and 0.91 twice each, all right; 0.97 and 0.95 once, the second right.
    assert "| score | 0.9–1.0 | 6 | 0.953 | 0.833 | 17 | 0.964 | 0.764 |" in section(text, "Calibration")
    assert section(text, "What is weak")[2:-2] == [
        "- `campus`, innocent: 0 accounts accused at high, 1 at medium, 1 at all.",
        "- `ordinary`, innocent: 0 accounts accused at high, 0 at medium, 2 at all.",
    ]
    assert "Each detector alone" not in text


def test_weak_campaigns_are_named_and_strong_ones_not(module: ModuleType) -> None:
    text = module.tables({("one", 1): {"": evaluate(mixed(), labels())}})
    assert section(text, "What is weak")[2] == (
        "- `relay-1` in `one`: 0.500 of its accounts are found at high, 1.000 at all."
    )
    assert section(module.tables({("one", 1): {"": perfect()}}), "What is weak")[2:] == [
        "Listed are campaigns of which less than 90 % is found at high, and every cohort accused."
    ]


def test_ablation_pools_logs(module: ModuleType) -> None:
    names = [detector.name for detector in builtin()]
    nothing = evaluate(report(), labels())
    variants = {module.only(name) for name in names} | {module.without(name) for name in names} | set(module.MISSING)
    runs = {"": perfect(), **dict.fromkeys(variants, nothing), module.only(names[0]): evaluate(mixed(), labels())}
    runs[module.without(names[1])] = evaluate(mixed(), labels())
    measured = {
        ("one", 1): runs,
        ("two", 1): {**runs, module.without(names[1]): perfect()},
        ("plain", 1): {"": nothing},
    }
    text = module.tables(measured)
    alone = section(text, "Each detector alone")
    assert f"| `{names[0]}` | 18 | 12 | 0.666 | 1.000 | 0.988 |" in alone
    assert any(line.startswith(f"| `{names[1]}` | 0 | 0 | – | 0.000 |") for line in alone)
    lost = section(text, "What is lost")
    assert "| everything there | 12 | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 |" in lost
    assert f"| without `{names[1]}` | 11 | 1.000 | 0.916 | 0.833 | 1.000 | 0.994 (0.988) |" in lost
    assert any(line.startswith("| no network columns | 0 | – | 0.000 | 0.000 | 0.000 |") for line in lost)
    assert "`plain`" not in "".join(alone + lost)


def run(*args: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(FOLDER / "run.py"), "--seeds", "1", "--workers", "1", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_script_fills_the_page_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    source = (FOLDER / "run.py").read_text()
    begin, end = (re.findall(rf'^{name}: Final = "(.*)"$', source, re.M)[0] for name in ("BEGIN", "END"))
    page.write_text(f"before\n\n{begin}\n\nold\n\n{end}\n\nafter\n")
    done = run("--rows", "1500", "--scenario", "small", "--page", str(page))
    assert (done.returncode, done.stderr) == (0, "1/1 small, seed 1\n")
    text = page.read_text()
    assert text.startswith(f"before\n\n{begin}\n\ndistillscan ")
    assert text.endswith(f"\n\n{end}\n\nafter\n")
    assert "\n    python benchmarks/detection/run.py --rows 1500 --seeds 1 --scenario small\n" in text
    assert "old" not in text
    assert len([line for line in text.splitlines() if line.startswith("| `small` | `")]) == 2


def test_the_script_says_what_is_wrong_before_it_measures(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no marks")
    done = run("--scenario", "none", "--page", str(page))
    assert done.returncode == 2
    assert "Error: no scenario none; there are both_strongest, default, " in done.stderr
    done = run("--scenario", "small", "--page", str(page))
    assert done.returncode == 2
    assert "has no lines <!-- figures: begin" in done.stderr
    assert "1/1" not in done.stderr
    assert page.read_text() == "no marks"
