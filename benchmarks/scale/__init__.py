"""Measures how time and memory grow with the accounts of a log, on logs in which there is much to cluster."""
