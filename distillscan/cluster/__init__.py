"""Cluster: from the tokens that accounts carry to candidate sets of accounts that may be one operator."""

from distillscan.cluster.run import ClusterParameters, find_candidates

__all__ = ["ClusterParameters", "find_candidates"]
