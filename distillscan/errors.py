"""Errors that are written for the analyst; the command line turns each into its exit code."""


class DistillscanError(Exception):
    """Base of every error distillscan raises on purpose; its text says what was found, where, and what to do next."""


class UsageError(DistillscanError):
    """A wrong option, mapping, parameter or configuration file (exit code 2)."""


class InputError(DistillscanError):
    """No usable input: nothing found, nothing readable, or no row left (exit code 3)."""
