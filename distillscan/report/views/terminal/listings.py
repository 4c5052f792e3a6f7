"""Detectors and parameters as people look them up: what each measures, what it needs, and what can be set."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from distillscan.report.views.shared.facts import plain
from distillscan.report.views.terminal import style
from distillscan.report.views.terminal.console import as_text, section
from distillscan.sanitize import clip, visible


def detector_listing(detectors: Sequence[Mapping[str, Any]], *, width: int, color: bool = False) -> str:
    """Return detectors as text; of each: name, version, family, needs, summary, parameters (name, default, help)."""
    hint = "A | B is either column. Change a parameter with --set DETECTOR.PARAMETER=VALUE."
    return _listing([_detector(detector) for detector in detectors], hint, width, color=color)


def parameter_listing(parameters: Sequence[Mapping[str, Any]], *, width: int, color: bool = False) -> str:
    """Return parameters as text; of each: group, name, default, help; those of a group beside each other."""
    groups = groupby(parameters, key=lambda one: str(one["group"]))
    sections = [section(visible(group), _table(list(members))) for group, members in groups]
    return _listing(sections, "Change a parameter with --set GROUP.NAME=VALUE.", width, color=color)


def _listing(sections: Sequence[RenderableType], hint: str, width: int, *, color: bool) -> str:
    spaced = [part for one in sections for part in (one, Text())]
    return as_text(Group(*spaced, Text(hint, style.QUIET)), width, color=color)


def _detector(detector: Mapping[str, Any]) -> RenderableType:
    about = f" {visible(detector['version'])}  {detector['family']}"
    needs = ", ".join(visible(need).replace("|", " | ") for need in detector["needs"]) or "nothing"
    return section(
        Text.assemble((visible(detector["name"]), style.STRONG), (about, style.QUIET)),
        Text(f"{visible(detector['summary'])}\nneeds {needs}"),
        _table(detector["parameters"]),
    )


def _table(parameters: Sequence[Mapping[str, Any]]) -> RenderableType:
    right = Column(no_wrap=True, justify="right")
    table = Table.grid(Column(no_wrap=True), right, Column(style=style.QUIET), padding=(0, 2))
    for one in parameters:
        table.add_row(visible(one["name"]), clip(plain(one["default"]), 24), visible(one["help"]))
    return table
