"""``distillscan evaluate``: its outputs, its messages and its exit codes."""

import json
import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from distillscan.cli import cli, streams
from distillscan.cli.streams import read_report
from distillscan.errors import UsageError
from distillscan.evaluate import evaluate, to_text
from distillscan.report.views.json import to_json
from tests.support.labelled import TRUTH, cluster, labels, mixed, report


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("report.json").write_text(to_json(mixed()))
    labels().write_csv("labels.csv")


def run(*args: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["evaluate", *args], prog_name="distillscan", input=stdin)


def test_the_text_is_the_default() -> None:
    done = run("report.json", "labels.csv")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == to_text(evaluate(mixed(), labels()))
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("args", [["--json"], ["--json", "-o", "-"], ["-o", "out.json"], ["--json", "-o", "out.txt"]])
def test_json_by_option_or_suffix(args: list[str]) -> None:
    done = run("report.json", "labels.csv", *args)
    assert (done.exit_code, done.stderr) == (0, "")
    target = Path(args[-1])
    text = target.read_text() if target.suffix else done.stdout
    assert json.loads(text) == evaluate(mixed(), labels()).to_dict()
    assert text.endswith("}\n")
    assert bool(done.stdout) is not bool(target.suffix)


def test_text_into_a_file() -> None:
    done = run("report.json", "labels.csv", "--output", "out.txt")
    assert (done.exit_code, done.output) == (0, "")
    assert Path("out.txt").read_text() == to_text(evaluate(mixed(), labels()))


def test_the_report_from_standard_input() -> None:
    done = run("-", "labels.csv", "--json", stdin=to_json(mixed()))
    assert json.loads(done.stdout)["coverage"]["labelled"] == 12


def test_a_terminal_gets_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "is_terminal", lambda stream: True)
    monkeypatch.setattr(streams, "terminal_width", lambda stream: 90 if stream is sys.stdout else 1)
    # the runner takes colours out of what is written to its standard output
    shown: list[str] = []
    monkeypatch.setattr(streams, "print_text", lambda text, for_people: shown.append(text))
    assert run("report.json", "labels.csv").exit_code == 0
    assert shown == [to_text(evaluate(mixed(), labels()), width=90, color=True)]
    assert "\x1b[" in shown[0]
    monkeypatch.setenv("NO_COLOR", "1")
    run("report.json", "labels.csv")
    assert shown[1] == to_text(evaluate(mixed(), labels()), width=90)


def test_json_carries_nothing_a_terminal_acts_on() -> None:
    rows = [(name, who, cohort, campaign and f"x\u202e{campaign}") for name, who, cohort, campaign in TRUTH]
    labels(rows).write_csv("labels.csv")
    done = run("report.json", "labels.csv", "--json")
    assert "\u202e" not in done.stdout
    assert json.loads(done.stdout)["campaigns"][0]["name"] == "x\u202efan-1"


@pytest.mark.parametrize(
    ("args", "code", "stderr"),
    [
        (["none.json", "labels.csv"], 3, "error: none.json: there is no such file\n"),
        (["labels.csv", "labels.csv"], 3, "error: labels.csv: not a distillscan report: no valid JSON (Expecting "
            "value: line 1 column 1 (char 0))\n"),
        (["report.json", "none.csv"], 3, "error: none.csv: there is no such file\n"),
        (["report.json", "report.json"], 3, "error: report.json: no valid CSV (found more fields than "
            "defined in 'Schema'): labels are CSV or Parquet with the columns account_id, operator, cohort, "
            "campaign\n"),
        (["other.json", "labels.csv"], 3, "error: the labels know no account of the report's clusters (1 account): "
            "give the labels of the log that was analysed\n"),
        (["report.json", "labels.csv", "-o", "report.json"], 2,
            "error: --output report.json is also an input: choose another file\n"),
        (["report.json", "labels.csv", "-o", "./labels.csv"], 2,
            "error: --output labels.csv is also an input: choose another file\n"),
        (["report.json", "labels.csv", "-o", "no/out.json"], 2,
            "error: cannot write no/out.json: there is no folder {cwd}/no; create it first\n"),
        (["report.json", "labels.csv", "-o", "out.xlsx"], 2,
            "error: --output out.xlsx: name a file that ends in .json or .txt, or choose JSON with --json\n"),
        (["report.json"], 2, "error: Missing argument 'LABELS'.\nsee distillscan evaluate --help\n"),
    ],
)  # fmt: skip
def test_messages_and_exit_codes(tmp_path: Path, args: list[str], code: int, stderr: str) -> None:
    Path("other.json").write_text(to_json(report(cluster("p", "high", 0.9, ["x"]))))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    done = run(*args)
    assert (done.exit_code, done.stdout) == (code, "")
    assert done.stderr == stderr.replace("{cwd}", str(tmp_path))
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_no_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match=r"^standard input is closed: nothing to read from -$"):
        read_report("-")


def test_standard_input_that_is_no_report() -> None:
    done = run("-", "labels.csv", stdin="[]")
    assert (done.exit_code, done.stderr) == (
        3,
        "error: standard input: not a distillscan report: no JSON object\n",
    )


def test_labels_that_may_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkdir("folder")  # noqa: PTH102  the plainest thing that cannot be read as a file
    done = run("report.json", "folder")
    assert (done.exit_code, done.stderr) == (3, "error: folder: it is a folder; name a file in it\n")
