"""``distillscan render``: a saved report, shown again in any format."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from distillscan.cli.options import View, report_options
from distillscan.cli.streams import check_outputs, deliver, read_report, terminal_layout
from distillscan.report.views import formatter

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
    emit(_without_prompts(result) if no_prompts else result, view)


def emit(result: "Result", view: View) -> None:
    """Write the report to its file, or to standard output, which carries nothing else."""
    from distillscan.report.filters import find_cluster, select
    from distillscan.report.views.terminal.report import to_text

    chosen = None if view.cluster is None else find_cluster(result, view.cluster)
    shown = select(result, view.min_severity, view.top, chosen)
    if view.format_ == "table":
        layout = terminal_layout(view.output, plain=view.no_color)
        deliver(to_text(shown, **layout, verbosity=int(view.verbose)), view.output, for_people=True)
    else:
        deliver(formatter(view.format_)(shown), view.output)


def _without_prompts(result: "Result") -> "Result":
    """The result without words of prompts, and without names of tools."""
    from distillscan.report.tools import LOOKED_UP

    def bare(cluster: "Cluster") -> "Cluster":
        templates = tuple(replace(template, skeleton="{...}") for template in cluster.templates)
        told = {name: value for name, value in cluster.capabilities.items() if name not in LOOKED_UP}
        return replace(cluster, templates=templates, capabilities=told)

    return replace(result, clusters=tuple(map(bare, result.clusters)))
