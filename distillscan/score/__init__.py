"""Score: weigh every candidate, turn bits into probabilities and severity, test innocent explanations, rank."""

from distillscan.score.rank import DetectorFailedError, Scored, score_candidates

__all__ = ["DetectorFailedError", "Scored", "score_candidates"]
