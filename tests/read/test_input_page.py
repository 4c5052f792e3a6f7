"""Every row of docs/input.md names tests, and they are there."""

import re

from tests.support.places import ROOT

PAGE = (ROOT / "docs" / "input.md").read_text()
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and "`test_" in line]


def test_every_row_is_tested() -> None:
    tables = PAGE.partition("## Files")[2].partition("## Fuzzing")[0]
    rows = [line for line in tables.splitlines() if line.startswith("| ") and not line.startswith("| found")]
    assert rows == ROWS
    assert len(rows) > 35


def test_every_test_that_is_named_is_there() -> None:
    known = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(), flags=re.MULTILINE)
    }
    named = {name for row in ROWS for name in re.findall(r"`(test_\w+)`", row)}
    assert named - known == set()
