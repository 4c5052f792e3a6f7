"""Cluster: from the tokens that accounts carry to candidate sets of accounts that may be one operator."""

from distillscan.cluster.find import find_candidates

__all__ = ["find_candidates"]
