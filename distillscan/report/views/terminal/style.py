"""Colours and glyphs of the terminal report: few, with one meaning each, from the sixteen every terminal has."""

from collections.abc import Mapping
from typing import Final

from distillscan.report.views.shared.charts import BarKind
from distillscan.result import Severity, Status, Verdict

SEVERITY: Final[Mapping[Severity, str]] = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}
QUIET: Final = "dim"
STRONG: Final = "bold"
#: What speaks for a suspicion, and what against it.
FOR: Final = "red"
AGAINST: Final = "green"

#: Bars of a sum.
BAR: Final[Mapping[BarKind, str]] = {"prior": QUIET, "for": FOR, "against": AGAINST, "sum": ""}
STATUS: Final[Mapping[Status, tuple[str, str]]] = {
    "ok": ("✓", "green"),
    "skipped": ("–", "yellow"),
    "error": ("✗", "bold red"),
}
#: An innocent explanation that holds is what the analyst must not overlook; one that fails is what makes the case.
VERDICT: Final[Mapping[Verdict, tuple[str, str]]] = {
    "holds": ("!", "bold yellow"),
    "not tested": ("?", "yellow"),
    "fails": ("✗", "dim"),
}
#: What an output that cannot carry these glyphs gets instead.
ASCII: Final = str.maketrans("─━│█▁▂▃▄▅▆▇╭╮╰╯┌┐└┘✓✗×–−·…→¦", "-=|#__..:-=+++++++++xx--.~>|")
