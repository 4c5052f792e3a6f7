"""The result as JSON and back: every saved report can be checked, read and shown again."""

import json
import math
import types
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from distillscan.errors import InputError
from distillscan.files import why_unreadable
from distillscan.result import READABLE_VERSIONS, Input, Result
from distillscan.sanitize import json_safe, scalar, visible

#: Fields that reports of the same schema version may lack, since they were written before these fields were added.
_ADDED_LATER: Mapping[type, frozenset[str]] = {
    Input: frozenset({"status", "reason"}),
    Result: frozenset({"columns", "filters"}),
}


def dumps(document: Mapping[str, Any], indent: int | None = None) -> str:
    """Return one JSON text (no line break at its end) of plain types, safe to print.

    Raises:
        TypeError: A value is not a plain JSON type.
        ValueError: A number is NaN or infinite.
    """
    plain = _plain(document, "")
    separators = None if indent else (",", ":")
    return json_safe(json.dumps(plain, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators))


@cache
def _schema_text() -> str:
    return (resources.files("distillscan.report") / "schema.json").read_text(encoding="utf-8")


def schema() -> dict[str, Any]:
    """Return the published JSON Schema (draft 2020-12) of the report."""
    return cast("dict[str, Any]", json.loads(_schema_text()))


def load(path: Path) -> Result:
    """Return the result of a report that was saved as JSON.

    Raises:
        InputError: The file cannot be read, or is not a report this version can read.
    """
    try:
        return from_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: {why_unreadable(error)}") from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def from_json(text: str | bytes) -> Result:
    """Return the result of a saved report.

    Raises:
        InputError: The text is no JSON, or not a report this version can read.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = "not a distillscan report: no valid JSON"
        raise InputError(f"{message} ({error})" if isinstance(error, json.JSONDecodeError) else message) from error
    if not isinstance(document, dict):
        raise InputError(f"not a distillscan report: expected a JSON object, found {_kind(document)}")
    return from_dict(document)


def from_dict(document: Mapping[str, Any]) -> Result:
    """Return the result whose ``to_dict`` gave ``document``.

    Raises:
        InputError: A field is missing, unknown or of the wrong type; the text names it, as in ``clusters[2].severity``.
    """
    _check_version(document)
    body = {key: value for key, value in document.items() if key not in ("schema_version", "tool")}
    tool = document.get("tool")
    if not isinstance(tool, Mapping) or tool.get("name") != "distillscan" or not isinstance(tool.get("version"), str):
        raise InputError('not a distillscan report: tool must be {"name": "distillscan", "version": "…"}')
    return cast("Result", _build(Result, {"version": tool["version"], **body}, ""))


def _check_version(document: Mapping[str, Any]) -> None:
    found = document.get("schema_version")
    if not isinstance(found, str):
        raise InputError("not a distillscan report: no schema_version")
    if found not in READABLE_VERSIONS:
        known = f"{READABLE_VERSIONS[0]} to {READABLE_VERSIONS[-1]}"
        raise InputError(
            f"the report has schema_version {visible(found)}, this distillscan reads {known}: "
            "use the version of distillscan that wrote it, or analyse the log again"
        )


def _build(kind: Any, value: Any, where: str) -> Any:
    """Check ``value`` against a type of ``distillscan.result`` and return it as that type."""
    origin = get_origin(kind)
    if is_dataclass(kind):
        return _build_object(cast("type", kind), value, where)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise _wrong(where, "a list", value)
        return tuple(_build(get_args(kind)[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if origin is Literal:
        if value not in get_args(kind):
            raise _wrong(where, "one of " + ", ".join(get_args(kind)), value)
        return value
    if origin in (Union, types.UnionType):  # of a type and None
        return None if value is None else _build(get_args(kind)[0], value, where)
    if origin is not None:  # Mapping[str, int] or Mapping[str, Any]
        if not isinstance(value, Mapping):
            raise _wrong(where, "an object", value)
        names, items = get_args(kind)
        return {_build(names, key, where): _build(items, item, f"{where}.{key}") for key, item in value.items()}
    return value if kind is Any else _build_scalar(kind, value, where)


def _build_scalar(kind: type, value: Any, where: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind or (isinstance(value, float) and not math.isfinite(value)):
        raise _wrong(where, {str: "a string", int: "a whole number", float: "a number"}[kind], value)
    return value


def _build_object(kind: type, value: Any, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise _wrong(where, "an object", value)
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    optional = _ADDED_LATER.get(kind, frozenset())
    prefix = f"{where}." if where else ""
    for name in names:
        if name not in value and name not in optional:
            raise InputError(f"not a distillscan report: {prefix}{name} is missing")
    for name in value:
        if name not in names:
            raise InputError(f"not a distillscan report: {visible(prefix + str(name))} is not a field of the report")
    return kind(**{name: _build(hints[name], value[name], prefix + name) for name in names if name in value})


def _wrong(where: str, expected: str, found: Any) -> InputError:
    shown = repr(found)[:60] if isinstance(found, str | int | float) else _kind(found)
    return InputError(f"not a distillscan report: {visible(where)} must be {expected}, found {visible(shown)}")


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _plain(value: Any, where: str) -> Any:
    """Copy a document, making strings encodable and refusing what JSON cannot carry, with the place named."""
    if isinstance(value, str):
        return scalar(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{where or 'document'} is {value}: a report carries finite numbers only")
        return float(value)
    if isinstance(value, Mapping | types.MappingProxyType):
        return {scalar(str(key)): _plain(item, f"{where}.{key}" if where else str(key)) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_plain(item, f"{where}[{i}]") for i, item in enumerate(value)]
    raise TypeError(f"{where or 'document'} is a {type(value).__name__}: a report carries plain JSON types only")
