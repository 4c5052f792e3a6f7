"""Score: weigh every candidate, turn bits into probabilities and severity, test innocent explanations, rank."""

from distillscan.score.rank import Scored, score_candidates

__all__ = ["Scored", "score_candidates"]
