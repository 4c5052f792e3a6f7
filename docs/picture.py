"""Draw docs/report.svg: the terminal report of the sample log, its first cluster in full.

Run in the repository: python docs/picture.py
"""

import io
import os
import re
from pathlib import Path
from typing import Final

from rich.console import Console

from distillscan import analyze
from distillscan.report.filters import select
from distillscan.report.views.terminal.report import render
from distillscan.result import Result

DOCS: Final = Path(__file__).resolve().parent
_LOG: Final = "sample_logs/default.parquet"
_COLUMNS: Final = 104


def draw(result: Result) -> str:
    """Return a report, as a terminal shows it with ``--top 1``, as SVG."""
    console = Console(record=True, width=_COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(render(select(result, top=1), _COLUMNS, 0), markup=False, highlight=False, emoji=False)
    picture = console.export_svg(title=f"distillscan analyze {_LOG} --top 1", unique_id="distillscan")
    # A picture in a repository should not fetch fonts from anywhere: the reader's own monospace will do.
    return re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)


if __name__ == "__main__":
    os.chdir(DOCS.parent)  # the report says by which name the log was given
    (DOCS / "report.svg").write_text(draw(analyze(_LOG).result), encoding="utf-8")
