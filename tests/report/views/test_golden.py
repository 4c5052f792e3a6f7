"""Reports byte for byte.

After a change that is meant: ``REFRESH_GOLDEN=1 pytest tests/report/test_golden.py``, then read the diff.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from distillscan.report.filters import select
from distillscan.report.views.csv import to_csv
from distillscan.report.views.json import to_json
from distillscan.report.views.jsonl import to_jsonl
from distillscan.report.views.markdown import to_markdown
from distillscan.report.views.terminal.report import to_text
from tests.support.fake_results import busy, quiet

GOLDEN = Path(__file__).parent / "golden"
REPORTS: dict[str, Callable[[], str]] = {
    "busy-80.txt": lambda: to_text(busy(), width=80),
    "busy-100.txt": lambda: to_text(busy(), width=100),
    "busy-verbose-140.txt": lambda: to_text(select(busy(), "critical"), width=140, verbosity=1),
    "busy-color-80.txt": lambda: to_text(select(busy(), top=1), width=80, color=True),
    "quiet-80.txt": lambda: to_text(quiet(), width=80),
    "busy.json": lambda: to_json(select(busy(), "critical")),
    "quiet.json": lambda: to_json(quiet()),
    "busy.jsonl": lambda: to_jsonl(select(busy(), "critical")),
    "busy.csv": lambda: to_csv(busy()),
    "busy.md": lambda: to_markdown(busy()),
    "quiet.md": lambda: to_markdown(quiet()),
}


@pytest.mark.parametrize("name", REPORTS)
def test_report(name: str) -> None:
    made = REPORTS[name]().encode()
    path = GOLDEN / name
    if os.environ.get("REFRESH_GOLDEN"):
        path.write_bytes(made)
    assert made.decode() == path.read_text(encoding="utf-8"), f"{name} changed; if that is meant, set REFRESH_GOLDEN=1"


def test_no_golden_report_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(REPORTS)
