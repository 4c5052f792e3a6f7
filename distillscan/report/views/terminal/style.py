"""Colours and glyphs of the terminal report: few, with one meaning each, from the sixteen every terminal has."""

from collections.abc import Mapping
from typing import Final

from distillscan.result import Severity, Status, Verdict

SEVERITY: Final[Mapping[Severity, str]] = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}
FOR: Final = "red"
AGAINST: Final = "green"
QUIET: Final = "dim"
STRONG: Final = "bold"

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
ASCII: Final = str.maketrans(
    {
        "─": "-",
        "━": "=",
        "×": "x",
        "│": "|",
        "█": "#",
        "✓": "+",
        "✗": "x",
        "–": "-",
        "−": "-",
        "·": ".",
        "…": "~",
        "→": ">",
        "¦": "|",
    }
    | dict(zip("▁▂▃▄▅▆▇", "__..:-=", strict=True))
    | dict.fromkeys("╭╮╰╯┌┐└┘", "+")
)
