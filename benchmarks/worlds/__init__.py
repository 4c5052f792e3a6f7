"""Makers of labelled logs: the package's simulator, and two made by others who knew neither it nor the detectors."""
