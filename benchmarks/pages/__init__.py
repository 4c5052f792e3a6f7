"""Writes what was measured into the pages of ``docs/``."""
