"""Writes what was measured, and pictures, into the pages of ``docs/``."""
