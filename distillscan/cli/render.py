"""``distillscan render``: a saved report, shown again in any format."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from distillscan.cli.inputs import read_report
from distillscan.cli.output import View, check_outputs, emit, report_options

if TYPE_CHECKING:
    from distillscan.result import Cluster, Result


@click.command(short_help="Show a saved report again, in any format.")
@click.argument("report", metavar="REPORT.json")
@report_options
@click.option("--no-prompts", is_flag=True, help="Show no words of prompts, and no names of tools.")
def render(report: str, no_prompts: bool, **options: Any) -> None:
    """Show a report that was saved as JSON; - is standard input. Nothing is analysed again."""
    view = View.of(options)
    check_outputs({"--output": view.output}, (report,))
    result = read_report(report)
    if no_prompts:
        result = without_prompts(result)
    emit(result, view)


def without_prompts(result: "Result") -> "Result":
    """Return the result without words of prompts, and without names of tools."""
    from distillscan.report.tools import LOOKED_UP

    def bare(cluster: "Cluster") -> "Cluster":
        templates = tuple(replace(template, skeleton="{...}") for template in cluster.templates)
        told = {name: value for name, value in cluster.capabilities.items() if name not in LOOKED_UP}
        return replace(cluster, templates=templates, capabilities=told)

    return replace(result, clusters=tuple(map(bare, result.clusters)))
