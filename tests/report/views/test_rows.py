"""One line per cluster: for tickets and for spreadsheets."""

import csv
import hashlib
import io
import json

import pytest

from distillscan.report import schema, select, to_csv, to_json, to_jsonl
from distillscan.report.views.rows import COLUMNS, inputs_digest
from distillscan.result import DetectorRun, Input
from tests.support.fake_results import busy, cluster, hostile, quiet
from tests.support.hostile import HOSTILE


def test_every_line_is_a_cluster_with_its_origin() -> None:
    lines = to_jsonl(busy()).splitlines()
    clusters = json.loads(to_json(busy()))["clusters"]
    assert len(lines) == 4
    for line, expected in zip(lines, clusters, strict=True):
        entry = json.loads(line)
        run = entry.pop("run")
        assert entry == expected
        assert run == {
            "schema_version": "1.1",
            "tool": {"name": "distillscan", "version": "0.1.0"},
            "inputs_sha256": hashlib.sha256(f"{'0c' * 32}\n{'9f' * 32}".encode()).hexdigest(),
            "first_seen": "2026-05-01T00:00:00Z",
            "last_seen": "2026-05-31T23:59:59Z",
            "partial": False,
        }


def test_lines_of_a_failed_run_say_that_it_is_partial() -> None:
    failed = DetectorRun("d", "1", "error", "x", (), "")
    assert json.loads(to_jsonl(busy(detectors=(failed,))).splitlines()[0])["run"]["partial"] is True


def test_nothing_found_gives_no_line() -> None:
    assert to_jsonl(quiet()) == ""


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_on_its_line(text: str) -> None:
    shown = to_jsonl(hostile(text))
    assert shown.count("\n") == 1
    assert len(shown.splitlines()) == 1  # splitlines knows more line breaks than \n
    assert "\x1b" not in shown
    assert json.loads(shown)["summary"] == text.encode("utf-8", "backslashreplace").decode()


def test_the_digest_knows_data_not_names() -> None:
    one, two = Input("a", 1, 1, "11"), Input("b", 1, 1, "22")
    assert inputs_digest(quiet(inputs=(one, two))) == inputs_digest(quiet(inputs=(two, one)))
    assert inputs_digest(quiet(inputs=(one,))) != inputs_digest(quiet(inputs=(two,)))


def _table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_csv_has_a_header_and_a_line_per_cluster() -> None:
    head, first, *rest = _table(to_csv(busy()))
    assert head == list(COLUMNS)
    assert set(head) - {"families"} < set(schema()["$defs"]["cluster"]["properties"])
    assert first[:8] == ["1", "critical", "template-7f3a91c25e", "0.9871", "0.9968", "0.9731", "312", "48211"]
    assert first[8:11] == ["2026-05-02T03:00:11Z", "2026-05-15T22:59:48Z", "content identity network timing"]
    assert len(rest) == 3
    assert _table(to_csv(quiet())) == [list(COLUMNS)]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_is_a_formula_or_a_control(text: str) -> None:
    shown = to_csv(hostile(text))
    table = _table(shown)
    assert len(table) == 2
    assert shown.count("\n") == 2
    assert "\x1b" not in shown
    assert "\x00" not in shown
    for cell in table[1]:
        assert not cell.lstrip().startswith(("=", "+", "-", "@"))
    shown.encode()


@pytest.mark.parametrize("text", ["=1", " =1", "+1", "-1", "@x", "＝1", "\t=1", "\r=1"])
def test_formulas_are_disarmed(text: str) -> None:
    (_, row) = _table(to_csv(select(quiet(clusters=(cluster(summary=text),)))))
    assert row[-1].startswith(("'", r"\t", r"\r"))
