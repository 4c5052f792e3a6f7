"""Logs made without knowledge of distillscan or its other generators, to examine the finished tool: see README.md."""
