"""The candidates of a log, from seeds to what is judged."""

from distillscan.cluster.refine import Refined, disjoint_candidates
from distillscan.cluster.rejoin import rejoined
from distillscan.parameters import ClusterParameters
from distillscan.population.graph import SignalGraph


def find_candidates(graph: SignalGraph, p: ClusterParameters) -> list[Refined]:
    """Return disjoint candidates, strongest first."""
    return rejoined(graph, disjoint_candidates(graph, p), p)
