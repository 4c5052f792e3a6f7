"""How good a report is: what it found and whom it accused, held against the truth about every account."""

from distillscan.evaluate.figures import (
    Axes,
    Bin,
    Calibration,
    Coverage,
    Evaluation,
    Group,
    Level,
    Merge,
    Operators,
    Ranking,
    Split,
)
from distillscan.evaluate.labels import LABELS, check_labels, read_labels
from distillscan.evaluate.measure import evaluate
from distillscan.evaluate.terminal import to_text

__all__ = [
    "LABELS",
    "Axes",
    "Bin",
    "Calibration",
    "Coverage",
    "Evaluation",
    "Group",
    "Level",
    "Merge",
    "Operators",
    "Ranking",
    "Split",
    "check_labels",
    "evaluate",
    "read_labels",
    "to_text",
]
