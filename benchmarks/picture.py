"""Draw docs/report.svg: the terminal report of the sample log, its first cluster in full. Run from the repository."""

import re
from pathlib import Path

from rich.console import Console

from distillscan import analyze
from distillscan.report.views.terminal.report import print_report


def main() -> None:
    """Write the picture beside the docs."""
    report = analyze("sample_logs/default.parquet")
    with Path("/dev/null").open("w") as nowhere:
        console = Console(record=True, width=104, file=nowhere, force_terminal=True, color_system="truecolor")
        print_report(report.result, console, top=1)
    title = "distillscan analyze sample_logs/default.parquet --top 1"
    picture = console.export_svg(title=title, unique_id="distillscan")
    # A picture in a repository should not fetch fonts from anywhere: the reader's own monospace will do.
    picture = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)
    Path("docs/report.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
