"""How good a report is: what it found and whom it accused, compared with labels of every account."""

from distillscan.evaluate.figures import Bin, Coverage, Evaluation, Group, Level, Merge, Ranking, Split
from distillscan.evaluate.labels import check_labels, read_labels
from distillscan.evaluate.measure import evaluate
from distillscan.evaluate.terminal import to_text

__all__ = ["Bin", "Coverage", "Evaluation", "Group", "Level", "Merge", "Ranking", "Split"]
__all__ += ["check_labels", "evaluate", "read_labels", "to_text"]
