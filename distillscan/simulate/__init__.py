"""Labelled logs to develop and test detection on: a world of ordinary accounts, innocent look-alikes and campaigns."""

from distillscan.simulate.corpus import Corpus, load_corpus
from distillscan.simulate.scenario import Entry, Scenario, list_scenarios, load_scenario, parse_scenario
from distillscan.simulate.simulation import SimulatedLog, Simulation, simulate
from distillscan.simulate.writing import write

__all__ = [
    "Corpus",
    "Entry",
    "Scenario",
    "SimulatedLog",
    "Simulation",
    "list_scenarios",
    "load_corpus",
    "load_scenario",
    "parse_scenario",
    "simulate",
    "write",
]
