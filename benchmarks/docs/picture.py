"""Draw docs/report.svg: the terminal report of the sample log, its first cluster in full.

Run in the repository: python -m benchmarks.docs.picture
"""

import io
import os
import re
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks.docs.page import DOCS, ROOT
from distillscan import analyze
from distillscan.report.views.terminal.report import print_report

_LOG: Final = Path("sample_logs/default.parquet")


def draw() -> str:
    """Return the report, as a terminal of 104 columns shows it, as SVG."""
    os.chdir(ROOT)  # the report says by which name the log was given
    report = analyze(_LOG)
    console = Console(record=True, width=104, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    print_report(report.result, console, top=1)
    title = f"distillscan analyze {_LOG.as_posix()} --top 1"
    picture = console.export_svg(title=title, unique_id="distillscan")
    # A picture in a repository should not fetch fonts from anywhere: the reader's own monospace will do.
    return re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)


if __name__ == "__main__":
    (DOCS / "report.svg").write_text(draw(), encoding="utf-8")
