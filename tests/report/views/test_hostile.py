"""The whole table of hostile strings through every output: nothing acts, nothing hides, nothing is lost."""

import csv
import io
import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result as Outcome

from distillscan.cli import guard
from distillscan.report.views import FORMATS, formatter
from distillscan.report.views.csv import to_csv
from distillscan.report.views.json import to_json
from distillscan.report.views.jsonl import to_jsonl
from distillscan.report.views.markdown import prose
from distillscan.report.views.terminal.report import to_text
from distillscan.result import Result
from distillscan.sanitize import scalar, visible
from tests.support.fake_results import hostile
from tests.support.hostile import COLOUR, HOSTILE, TABLE, claims, is_harmless

Run = Callable[..., Outcome]

#: What can be typed or be the name of a file: no NUL, and of lone surrogates only those that stand for odd bytes.
TYPED = {name: text.replace("\ud800", "\udc80") for name, text in TABLE.items() if "\0" not in text and len(text) < 200}


def plain(text: str) -> str:
    return to_text(hostile(text), width=100, verbosity=1)


def coloured(text: str) -> str:
    return COLOUR.sub("", to_text(hostile(text), width=80, color=True))


OUTPUTS: dict[str, Callable[[str], str]] = {
    "table": plain,
    "colour": coloured,
    **{name: (lambda text, name=name: formatter(name)(hostile(text))) for name in FORMATS},  # type: ignore[misc]
}


@pytest.mark.parametrize("text", HOSTILE, ids=list(TABLE))
@pytest.mark.parametrize("name", OUTPUTS)
def test_no_output_acts_or_hides(name: str, text: str) -> None:
    shown = OUTPUTS[name](text)
    assert is_harmless(shown)
    assert claims(shown) == []
    shown.encode()


@pytest.mark.parametrize("text", HOSTILE, ids=list(TABLE))
def test_every_json_value_is_what_it_was(text: str) -> None:
    whole = json.loads(to_json(hostile(text)))
    (line,) = to_jsonl(hostile(text)).splitlines()
    for cluster in (whole["clusters"][0], json.loads(line)):
        assert cluster["account_ids"][0] == scalar(text)
        assert cluster["infrastructure"]["ip"] == [scalar(text)] * 2
        assert cluster["capabilities"]["plain"] == scalar(text)
        assert cluster["templates"][0]["skeleton"] == scalar(text)
        assert cluster["severity"] == "critical"
    assert whole["inputs"][0]["path"] == scalar(text)
    assert whole["limitations"] == [scalar(text)]


@pytest.mark.parametrize("text", HOSTILE, ids=list(TABLE))
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])  # spreadsheets split at what their country uses
def test_no_cell_begins_with_a_formula(text: str, delimiter: str) -> None:
    for cell in (cell for row in csv.reader(io.StringIO(to_csv(hostile(text))), delimiter=delimiter) for cell in row):
        assert not re.match(r"[\s\"']*[=+@\-＝＋－＠]", cell) or cell.lstrip().startswith("'"), cell


def test_the_layout_is_the_same_whatever_the_text_says() -> None:
    lines = {len(plain(text).splitlines()) for text in ("harmless", "[bold]x[/]", "\x1b[2Jx", "x\ny", "x\u2028y")}
    assert len(lines) == 1


# ---- standard error ---- #


@pytest.mark.parametrize("text", TYPED.values(), ids=list(TYPED))
@pytest.mark.parametrize(
    "arguments",
    [
        ("analyze", "busy", "--map"),
        ("analyze", "busy", "--set"),
        ("analyze", "busy", "--fail-on"),
        ("analyze", "busy", "--output", "no/such/folder/{}"),
        ("analyze", "busy", "--stats", "no/such/folder/{}"),
        ("render",),
        ("nonsense",),
    ],
    ids=" ".join,
)
def test_error_messages_are_harmless(run: Run, arguments: tuple[str, ...], text: str) -> None:
    last = arguments[-1].format(text) if "{}" in arguments[-1] else text
    done = run(*arguments[:-1], last) if "{}" in arguments[-1] else run(*arguments, text.replace("=", ""))
    assert done.exit_code in (2, 3)
    assert done.stdout == ""
    assert is_harmless(done.stderr)
    assert claims(done.stderr) == []
    assert done.stderr.startswith("error: ")


@pytest.mark.parametrize("text", HOSTILE, ids=list(TABLE))
def test_notes_and_messages_are_one_line_each(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    guard.say(text, "note")
    shown = capsys.readouterr().err
    assert is_harmless(shown)
    first, *rest = shown.rstrip("\n").split("\n")
    assert first.startswith("note: ")
    assert all(line.startswith("  ") for line in rest)


@pytest.mark.parametrize("text", TYPED.values(), ids=list(TYPED))
def test_a_saved_report_that_is_none_is_refused_harmlessly(run: Run, tmp_path: Path, text: str) -> None:
    document = json.loads(to_json(hostile("x")))
    document["clusters"][0]["severity"] = scalar(text)
    document["clusters"][0][scalar(text)] = 1
    file = tmp_path / "report.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    done = run("render", str(file))
    assert (done.exit_code, done.stdout) == (3, "")
    assert is_harmless(done.stderr)
    assert claims(done.stderr) == []


# ---- time ---- #


@pytest.mark.parametrize(
    "piece", ["a", "@", ":", "a:", "`", "~", "=;", "[", "{", "\u0301", "\x1b", "<", " ", "1.", "www"]
)
def test_text_is_made_safe_in_linear_time(piece: str) -> None:
    def seconds(n: int) -> float:
        text = piece * n
        best = 9.0
        for _ in range(3):
            before = time.process_time()
            visible(text)
            prose(text, 10 * n)
            to_csv(hostile_summary(text))
            best = min(best, time.process_time() - before)
        return best

    short, long = seconds(20_000), seconds(160_000)
    assert long < max(30 * short, 0.5)  # eight times the text; a square would make it sixty-four


def hostile_summary(text: str) -> Result:

    whole = hostile("x")
    return replace(whole, clusters=(replace(whole.clusters[0], summary=text),))
