"""Thresholds as fields of frozen dataclasses, and settings from the command line (``--set group.name=value``)."""

import math
from dataclasses import field, fields, replace
from typing import Any, TypeVar

from distillscan.errors import UsageError, did_you_mean

D = TypeVar("D")
T = TypeVar("T", int, float, bool)


def threshold(default: T, unit: str, help: str) -> T:  # noqa: A002 - the word of every command line
    """Return a field of a frozen dataclass of parameters.

    Args:
        default: Its default.
        unit: What it counts or measures: ``accounts``, ``bits``, ``share``.
        help: When it applies and why it is as it is, going on from the unit: ``accounts`` "that a burst has at least".
    """
    made: T = field(default=default, metadata={"unit": unit, "help": f"{unit} {help}"})
    return made


def with_setting(parameters: D, key: str, text: str) -> D:
    """Return a group's parameters with one of them changed, by a setting ``key=text`` of the command line.

    Raises:
        UsageError: The group has no such parameter, or the value is of the wrong type.
    """
    group, _, name = key.rpartition(".")
    names = [parameter.name for parameter in fields(parameters)]  # type: ignore[arg-type]
    if name not in names:
        raise UsageError(f"--set {key}: {group} has no parameter {name!r}; {did_you_mean(name, names, 'it has')}")
    changed: D = replace(parameters, **{name: _value(key, text, type(getattr(parameters, name)))})  # type: ignore[type-var]
    return changed


def _value(key: str, text: str, kind: type) -> Any:
    """A setting's text as a value of the parameter's type."""
    if kind is bool:
        if text.lower() not in {"true", "false"}:
            raise UsageError(f"--set {key}={text}: {text!r} is neither true nor false")
        return text.lower() == "true"
    try:
        value = kind(text)
    except ValueError:
        value = math.nan
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"--set {key}={text}: {text!r} is not a number of type {kind.__name__}")
    return value
