"""The result document for people and programs: every output format is a view of it."""

from typing import Final, Literal

from distillscan.report.document import from_dict, from_json, schema, to_json
from distillscan.report.filters import at_least, select
from distillscan.report.views.html import to_html
from distillscan.report.views.markdown import to_markdown
from distillscan.report.views.rows import to_csv, to_jsonl
from distillscan.report.views.terminal import print_report, render, to_text
from distillscan.report.write import check_target, write_atomically

Format = Literal["table", "json", "jsonl", "csv", "markdown", "html"]

#: Every format but the table, which has more to choose (width, colour, detail).
VIEWS: Final = {"json": to_json, "jsonl": to_jsonl, "csv": to_csv, "markdown": to_markdown, "html": to_html}

__all__ = [
    "VIEWS",
    "Format",
    "at_least",
    "check_target",
    "from_dict",
    "from_json",
    "print_report",
    "render",
    "schema",
    "select",
    "to_csv",
    "to_html",
    "to_json",
    "to_jsonl",
    "to_markdown",
    "to_text",
    "write_atomically",
]
