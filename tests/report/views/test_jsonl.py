"""The clusters as JSON Lines: one object for each, with where it comes from."""

import hashlib
import json

import pytest

from distillscan.report.views.json import to_json
from distillscan.report.views.jsonl import inputs_digest, to_jsonl
from distillscan.result import DetectorRun, Input
from tests.support.fake_results import busy, hostile, quiet
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
            "schema_version": "1.2",
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
