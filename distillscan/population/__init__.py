"""The accounts of a log and what they share, as arrays: what detectors compare a cluster with."""
