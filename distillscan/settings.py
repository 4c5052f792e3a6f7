"""Settings from the command line (``--set group.name=value``) applied to parameters, each checked by its type."""

import math
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from distillscan.errors import UsageError, did_you_mean
from distillscan.parameters import GROUPS, Parameters


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


def with_settings(parameters: Parameters, settings: Mapping[str, str]) -> Parameters:
    """Return the parameters with ``group.name=value`` settings applied.

    Raises:
        UsageError: An unknown group or name, or a value of the wrong type.
    """
    for key, text in settings.items():
        group, _, name = key.rpartition(".")
        target = {**{own: getattr(parameters, own) for own in GROUPS}, **parameters.detectors}.get(group)
        if target is None:
            hint = did_you_mean(group, [*GROUPS, *sorted(parameters.detectors)], "groups are")
            raise UsageError(f"--set {key}: there is no group {group!r}; {hint}")
        known_fields = {f.name: f for f in fields(target)}
        if name not in known_fields:
            hint = did_you_mean(name, known_fields, "it has")
            raise UsageError(f"--set {key}: {group} has no parameter {name!r}; {hint}")
        changed = replace(target, **{name: _value(key, text, type(getattr(target, name)))})
        if group in GROUPS:
            parameters = replace(parameters, **{group: changed})
        else:
            parameters = replace(parameters, detectors={**parameters.detectors, group: changed})
    return parameters
