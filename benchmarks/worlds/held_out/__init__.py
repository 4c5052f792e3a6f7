"""Logs written by somebody who had read the threat and the column format, but not the detectors: see README.md."""
