"""Measures time and memory: of the tool, of what an analyst would run instead, and of an earlier version."""
