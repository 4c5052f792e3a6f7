"""Cluster: from the tokens that accounts carry to candidate sets of accounts that may be one operator."""

from distillscan.cluster.rejoin import ClusterParameters
from distillscan.cluster.run import find_among_principals, find_candidates

__all__ = ["ClusterParameters", "find_among_principals", "find_candidates"]
