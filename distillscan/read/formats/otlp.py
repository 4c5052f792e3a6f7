"""OpenTelemetry's JSON: lists of attributes as objects."""

from typing import Any, Final

#: Keys that hold attributes: of spans, of log records, of spans as Jaeger exports them.
ATTRIBUTES: Final = ("attributes", "body", "tags")
_LEVELS: Final = 24
_SCALARS: Final = ("stringValue", "intValue", "doubleValue", "boolValue", "bytesValue")

Record = dict[str, Any]


def plain(record: Record) -> Record:
    """Return an OTLP record with its attribute lists as objects."""
    found = _plain_attributes(record)
    if isinstance(found.get("resource"), dict):
        found["resource"] = _plain_attributes(found["resource"])
    if isinstance(found.get("events"), list):
        found["events"] = [_plain_attributes(one) if isinstance(one, dict) else one for one in found["events"]]
    return found


def _plain_attributes(record: Record) -> Record:
    found = {key: record[key] for key in ATTRIBUTES if isinstance(record.get(key), list | dict)}
    return {**record, **{key: _plain_value(value, 0) for key, value in found.items()}}


def _plain_value(value: Any, depth: int) -> Any:
    """An OTLP value, or list of keys and values, as plain JSON; what is nested too deeply is dropped."""
    if depth > _LEVELS:
        return None
    if isinstance(value, list):
        pairs = [one for one in value if isinstance(one, dict) and isinstance(one.get("key"), str)]
        if pairs or not value:
            return {one["key"]: _plain_value(one.get("value"), depth + 1) for one in pairs}
        return [_plain_value(one, depth + 1) for one in value]
    if not isinstance(value, dict):
        return value
    for key in _SCALARS:
        if key in value:
            return value[key]
    for key in ("arrayValue", "kvlistValue"):
        if isinstance(value.get(key), dict):
            values = value[key].get("values")
            below = _plain_value(values if isinstance(values, list) else [], depth + 1)
            return [] if key == "arrayValue" and below == {} else below
    return value
