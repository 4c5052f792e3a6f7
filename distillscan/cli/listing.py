"""``distillscan detectors``, ``parameters`` and ``report-schema``: what can be listed without a log."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from distillscan.cli.options import table_or_json
from distillscan.cli.streams import print_json, print_text, terminal_layout
from distillscan.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from distillscan.detect.base import Detector
    from distillscan.parameters import Parameter


@click.command(short_help="List the detectors, what they need and their parameters.")
@table_or_json
def detectors(format_: str) -> None:
    """List every detector: family, version, the columns it needs, and its parameters with their defaults."""
    from distillscan.detect.registry import available
    from distillscan.parameters import Parameters
    from distillscan.report.views.terminal.listings import detector_listing

    known = available()
    listed = Parameters.of(known).listing()
    described = [_detector(one, [p for p in listed if p.group == one.name]) for one in known]
    if format_ == "json":
        print_json(described)
    else:
        print_text(detector_listing(described, **terminal_layout()), for_people=True)


@click.command(short_help="List the parameters that --set changes.")
@click.argument("groups", nargs=-1, metavar="[GROUP]...")
@table_or_json
def parameters(groups: tuple[str, ...], format_: str) -> None:
    """List every parameter with its default, its unit and the reason for it.

    GROUP is cluster, score, privacy or the name of a detector; default: all of them. Change a parameter of a run with
    --set GROUP.NAME=VALUE.
    """
    from distillscan.detect.registry import available
    from distillscan.parameters import Parameters
    from distillscan.report.views.terminal.listings import parameter_listing

    known = Parameters.of(available())
    for group in groups:
        if group not in known.groups:
            raise UsageError(f"there is no group {group!r}; {did_you_mean(group, known.groups, 'groups are')}")
    described = [asdict(one) for one in known.listing() if not groups or one.group in groups]
    if format_ == "json":
        print_json(described)
    else:
        print_text(parameter_listing(described, **terminal_layout()), for_people=True)


@click.command("report-schema", short_help="Print the JSON Schema of the report.")
def report_schema() -> None:
    """Print the JSON Schema (draft 2020-12) that every JSON report obeys."""
    from distillscan.report.document import schema

    print_json(schema())


def _detector(detector: "Detector", listed: "list[Parameter]") -> dict[str, Any]:
    described = {name: getattr(detector, name) for name in ("name", "version", "family", "needs", "summary")}
    ungrouped = [{name: value for name, value in asdict(one).items() if name != "group"} for one in listed]
    return {**described, "parameters": ungrouped}
