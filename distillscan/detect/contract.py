"""What a detector must be like to be used: checked when it is loaded, not after a log was read."""

import inspect
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from distillscan.columns import CANONICAL
from distillscan.population.kinds import Kind
from distillscan.result import FAMILIES

_TEXTS = ("name", "version", "summary")
_FUNCTIONS = {"signals": "signals(population, parameters)", "assess": "assess(candidate, parameters)"}


def violations(detector: Any) -> list[str]:
    """Return what keeps an object from being a detector, each with what to do about it; empty if nothing does."""
    members = (*_TEXTS, "family", "needs", "kinds", "parameters", *_FUNCTIONS)
    missing = [name for name in members if not hasattr(detector, name)]
    if missing:
        return [f"it lacks {', '.join(missing)}"]
    return [*_attributes(detector), *_kinds(detector.kinds), *_parameters(detector.parameters), *_functions(detector)]


def _attributes(detector: Any) -> Iterator[str]:
    for name in _TEXTS:
        text = getattr(detector, name)
        if not isinstance(text, str) or not text:
            yield f"{name} must be a text, not {text!r}"
    if not str(detector.name).isidentifier():
        yield f"name must be of letters, digits and _, for --set NAME.parameter, not {detector.name!r}"
    if detector.family not in FAMILIES:
        yield f"family must be one of {', '.join(FAMILIES)}, not {detector.family!r}"
    if not isinstance(detector.needs, tuple):
        yield "needs must be a tuple of columns, alternatives joined by |"
        return
    unknown = {column for need in detector.needs for column in str(need).split("|")} - set(CANONICAL)
    if unknown:
        yield f"needs names {', '.join(sorted(unknown))}, but canonical columns are {', '.join(CANONICAL)}"


def _kinds(kinds: Any) -> Iterator[str]:
    if not isinstance(kinds, tuple) or not all(isinstance(kind, Kind) for kind in kinds):
        yield "kinds must be a tuple of Kind, empty for a detector that makes no tokens"
        return
    for kind in kinds:
        if kind.cause.family not in FAMILIES or kind.cause.cap <= 0:
            yield f"the cause of kind {kind.name!r} needs a family of {', '.join(FAMILIES)} and a cap above 0"


def _parameters(parameters: Any) -> Iterator[str]:
    if not is_dataclass(parameters) or isinstance(parameters, type) or not parameters.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        yield "parameters must be an instance of a frozen dataclass (one without fields if it has none)"
        return
    for field in fields(parameters):
        if type(getattr(parameters, field.name)) not in (int, float, bool):
            yield f"parameter {field.name} must be an int, a float or a bool"
        if not field.metadata.get("help"):
            yield f"parameter {field.name} needs a reason: threshold(default, unit, help)"


def _functions(detector: Any) -> Iterator[str]:
    for name, shape in _FUNCTIONS.items():
        function = getattr(detector, name)
        try:
            inspect.signature(function).bind(None, None)
        except (TypeError, ValueError):
            yield f"{name} must be a function {shape}"
