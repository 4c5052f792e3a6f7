"""Detectors: one file each, every one a pure function of the profile and its parameters."""
