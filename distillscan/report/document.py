"""The result as JSON and back: every saved report can be checked, read and shown again."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn, cast

import msgspec

from distillscan.errors import InputError
from distillscan.files import why_unreadable
from distillscan.result import READABLE_VERSIONS, Result
from distillscan.sanitize import json_safe, scalar, visible


def dumps(document: Mapping[str, Any], indent: int | None = None) -> str:
    """Return one JSON text (no line break at its end) of plain types, safe to print.

    Raises:
        TypeError: A value is not a plain JSON type.
        ValueError: A number is NaN or infinite.
    """
    separators = None if indent else (",", ":")
    return json_safe(json.dumps(_plain(document, ""), ensure_ascii=False, indent=indent, separators=separators))


def schema() -> dict[str, Any]:
    """Return the published JSON Schema (draft 2020-12) of the report."""
    text = (resources.files("distillscan.report") / "schema.json").read_text(encoding="utf-8")
    return cast("dict[str, Any]", json.loads(text))


def load(path: Path) -> Result:
    """Return the result of a report that was saved as JSON.

    Raises:
        InputError: The file cannot be read, or is not a report this version can read.
    """
    try:
        return from_json(path.read_bytes())
    except (OSError, InputError) as error:
        raise InputError(f"{path}: {why_unreadable(error) if isinstance(error, OSError) else error}") from error


def from_json(text: str | bytes) -> Result:
    """Return the result of a saved report.

    Raises:
        InputError: The text is no JSON, or not a report this version can read.
    """
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        message = "not a distillscan report: no valid JSON"
        raise InputError(f"{message} ({error})" if isinstance(error, json.JSONDecodeError) else message) from error
    if not isinstance(document, dict):
        raise InputError("not a distillscan report: no JSON object")
    return from_dict(document)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def from_dict(document: Mapping[str, Any]) -> Result:
    """Return the result whose ``to_dict`` gave ``document``.

    Raises:
        InputError: A field is missing, unknown or of the wrong type; the text names it, as in ``clusters[2].severity``.
    """
    _check_version(document.get("schema_version"))
    tool = document.get("tool")
    if not isinstance(tool, Mapping) or tool.get("name") != "distillscan" or not isinstance(tool.get("version"), str):
        raise InputError('not a distillscan report: tool must be {"name": "distillscan", "version": "…"}')
    try:
        result = msgspec.convert({**document, "version": tool["version"]}, Result)
        unknown = next(_unknown(document, result.to_dict()), None)
    except msgspec.ValidationError as error:
        raise InputError(f"not a distillscan report: {visible(str(error)).replace('`$.', '`')}") from error
    except RecursionError as error:
        raise InputError("not a distillscan report: too deeply nested") from error
    if unknown is not None:
        raise InputError(f"not a distillscan report: {visible(unknown)} is not a field of the report")
    return result


def _unknown(given: Any, known: Any, where: str = "") -> Iterator[str]:
    """The places of a document that its result does not have."""
    if isinstance(given, Mapping):
        for name, value in given.items():
            place = f"{where}.{name}" if where else str(name)
            if name in known:
                yield from _unknown(value, known[name], place)
            else:
                yield place
    elif isinstance(given, list):
        for number, (one, other) in enumerate(zip(given, known, strict=True)):
            yield from _unknown(one, other, f"{where}[{number}]")


def _check_version(found: Any) -> None:
    if not isinstance(found, str):
        raise InputError("not a distillscan report: no schema_version")
    if found not in READABLE_VERSIONS:
        raise InputError(
            f"the report has schema_version {visible(found)}, this distillscan reads {READABLE_VERSIONS[0]} to "
            f"{READABLE_VERSIONS[-1]}: use the version of distillscan that wrote it, or analyse the log again"
        )


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
    if isinstance(value, Mapping):
        return {scalar(str(key)): _plain(item, f"{where}.{key}" if where else str(key)) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_plain(item, f"{where}[{i}]") for i, item in enumerate(value)]
    raise TypeError(f"{where or 'document'} is a {type(value).__name__}: a report carries plain JSON types only")
