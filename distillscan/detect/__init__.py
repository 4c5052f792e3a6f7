"""Detect: run the detectors over the population; what a detector is, which there are, and the statistics they share."""
