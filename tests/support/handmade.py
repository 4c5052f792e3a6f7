"""Small logs made by hand, from which many tests start: those of the published test kit."""

from distillscan.testing import START, at, canonical

__all__ = ["START", "at", "canonical"]
