"""Detectors and parameters as people look them up: what each measures, what it needs, and what can be set."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from distillscan.report.views.shared.facts import plain
from distillscan.report.views.terminal import style
from distillscan.report.views.terminal.console import as_text
from distillscan.sanitize import clip, visible


def detector_listing(detectors: Sequence[Mapping[str, Any]], *, width: int, color: bool = False) -> str:
    """Return the detectors as text.

    Args:
        detectors: Of each: name, version, family, needs, summary, parameters (name, default, help).
        width: Columns of the terminal.
        color: Whether it may carry ANSI colours.
    """
    parts: list[RenderableType] = []
    for detector in detectors:
        parts += [_detector(detector), Text()]
    parts.append(Text("A | B is either column. Change a parameter with --set DETECTOR.PARAMETER=VALUE.", style.QUIET))
    return as_text(Group(*parts), width, color=color)


def parameter_listing(parameters: Sequence[Mapping[str, Any]], *, width: int, color: bool = False) -> str:
    """Return the parameters as text, a section for each group.

    Args:
        parameters: Of each: group, name, default, help; those of a group beside each other.
        width: Columns of the terminal.
        color: Whether it may carry ANSI colours.
    """
    parts: list[RenderableType] = []
    for group, members in groupby(parameters, key=lambda one: str(one["group"])):
        parts += [Text(visible(group), style.STRONG), _indented(_table(list(members))), Text()]
    parts.append(Text("Change a parameter with --set GROUP.NAME=VALUE.", style.QUIET))
    return as_text(Group(*parts), width, color=color)


def _detector(detector: Mapping[str, Any]) -> RenderableType:
    title = Text.assemble(
        (visible(detector["name"]), style.STRONG),
        (f" {visible(detector['version'])}  {detector['family']}", style.QUIET),
    )
    needs = ", ".join(visible(need).replace("|", " | ") for need in detector["needs"]) or "nothing"
    about = Text(f"{visible(detector['summary'])}\nneeds {needs}")
    return Group(title, _indented(Group(about, _table(detector["parameters"]))))


def _table(parameters: Sequence[Mapping[str, Any]]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(style=style.QUIET)
    for parameter in parameters:
        table.add_row(visible(parameter["name"]), clip(plain(parameter["default"]), 24), visible(parameter["help"]))
    return table


def _indented(body: RenderableType) -> RenderableType:
    return Padding(body, (0, 0, 0, 2))
