"""Score: weigh every candidate, turn bits into probabilities and severity, test innocent explanations, rank."""

from distillscan.score.rank import DetectorFailedError, ScoredCluster, ScoreParameters, score_candidates

__all__ = ["DetectorFailedError", "ScoreParameters", "ScoredCluster", "score_candidates"]
