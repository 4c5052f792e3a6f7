"""The detectors as people look them up: what each measures, what it needs, and what can be set."""

from collections.abc import Mapping, Sequence
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
    """Return the listing as text.

    Args:
        detectors: Of each: name, version, family, needs, summary, parameters (name, default, help).
        width: Columns of the terminal.
        color: Whether it may carry ANSI colours.
    """
    parts: list[RenderableType] = []
    for detector in detectors:
        parts += [_detector(detector), Text()]
    parts.append(Text("A | B is either column. Change a parameter with --set detector.parameter=value.", style.QUIET))
    return as_text(Group(*parts), width, color=color)


def _detector(detector: Mapping[str, Any]) -> RenderableType:
    title = Text.assemble(
        (visible(detector["name"]), style.STRONG),
        (f" {visible(detector['version'])}  {detector['family']}", style.QUIET),
    )
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(style=style.QUIET)
    for parameter in detector["parameters"]:
        table.add_row(visible(parameter["name"]), clip(plain(parameter["default"]), 24), visible(parameter["help"]))
    needs = ", ".join(visible(need).replace("|", " | ") for need in detector["needs"]) or "nothing"
    return Group(title, Padding(Group(Text(visible(detector["summary"])), Text(f"needs {needs}"), table), (0, 0, 0, 2)))
