"""``distillscan detectors`` and ``distillscan report-schema``: what there is to know without a log."""

import json
import sys
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import click

from distillscan.cli.output import colour_is_welcome, is_terminal, print_text, terminal_width

if TYPE_CHECKING:
    from distillscan.detect.base import Detector


@click.command(short_help="List the detectors, what they need and their parameters.")
@click.option("-f", "--format", "format_", type=click.Choice(("table", "json")), default="table", show_default=True)
def detectors(format_: str) -> None:
    """List every detector: family, version, the columns it needs, and its parameters with their defaults."""
    from distillscan.detect.registry import available

    described = [_describe(detector) for detector in available()]
    text = json.dumps(described, indent=2, ensure_ascii=True) + "\n" if format_ == "json" else _listing(described)
    print_text(text, for_people=format_ == "table")


@click.command("report-schema", short_help="Print the JSON Schema of the report.")
def report_schema() -> None:
    """Print the JSON Schema (draft 2020-12) that every JSON report obeys."""
    from distillscan.report.document import schema

    print_text(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n")


def _describe(detector: "Detector") -> dict[str, Any]:
    return {
        "name": detector.name,
        "version": detector.version,
        "family": detector.family,
        "needs": list(detector.needs),
        "summary": detector.summary,
        "parameters": [
            {
                "name": field.name,
                "default": getattr(detector.parameters, field.name),
                "help": field.metadata.get("help", ""),
            }
            for field in fields(detector.parameters)
        ],
    }


def _listing(described: Sequence[dict[str, Any]]) -> str:
    from distillscan.report.views.terminal.listings import detector_listing

    on_terminal = is_terminal(sys.stdout)
    return detector_listing(described, width=terminal_width(on_terminal), color=on_terminal and colour_is_welcome())
