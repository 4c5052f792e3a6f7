"""The clusters as CSV: one line each, and nothing that a spreadsheet would run."""

import csv
import io

import pytest

from distillscan.report.document import schema
from distillscan.report.views.csv import COLUMNS, to_csv
from tests.support.fake_results import busy, cluster, hostile, quiet
from tests.support.hostile import HOSTILE


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
    (_, row) = _table(to_csv(quiet(clusters=(cluster(summary=text),))))
    assert row[-1].startswith(("'", r"\t", r"\r"))
