"""Find records in lists inside an object: pages of an API, hits of a search, results of a query."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from distillscan.read.formats.otlp import Record
from distillscan.read.schema.hints import HINTS, MAY_NEST, normalise

#: Keys under which shippers and stores of logs keep a record, as text or as object; compared like hints.
CARRIERS: Final = (
    *("raw", "message", "log", "line", "source", "event", "result", "jsonpayload", "textpayload"),
    *("logmessage", "logentry", "msg", "record", "payload", "detail", "data", "attributes"),
    # The short message of GELF may be the beginning of the full one.
    *("fullmessage", "shortmessage", "properties", "customdimensions", "doc", "value"),
    *("json", "after", "body", "content", "map"),
)
_TIMES: Final = frozenset(("timestamp", *HINTS["timestamp"], "realtimetimestamp"))
_REQUESTS: Final = frozenset(name for column in ("account_id", "prompt", "model") for name in HINTS[column])
#: Keys of items that hold the record, and its time, themselves.
_NESTED: Final = ("_source", "attributes")
#: What requests and answers hold themselves.
_BODIES: Final = frozenset(name for column in MAY_NEST for name in HINTS[column])
#: Objects inside objects that are looked at: ``{"data": {"page": {"items": [...]}}}``.
_LEVELS: Final = 3


def find_pages(values: Iterable[Record]) -> tuple[str, ...] | None:
    """Return the keys that lead to a list of records inside some object; ``None`` if the objects are no pages."""
    return next((path for value in values if not _is_request(value) and (path := _find(value, 0))), None)


def open_page(value: Record, path: Sequence[str]) -> Iterator[Record]:
    """Yield the records of one page; of an object that is none, itself."""
    page: Any = value
    for key in path[:-1]:
        page = page.get(key) if isinstance(page, dict) else None
    items = page.get(path[-1]) if isinstance(page, dict) else None
    if not isinstance(items, list):
        yield value
        return
    names = _names(page)
    for item in items:
        yield from _records(item, names)


def is_time(name: str) -> bool:
    """Return whether a key is one that times have in logs."""
    return normalise(name) in _TIMES


def _find(value: Record, level: int) -> tuple[str, ...] | None:
    inside = {key: below for key, below in value.items() if below and normalise(key) not in _BODIES}
    for key, below in inside.items():
        if isinstance(below, list) and (_is_record(below[0]) or (isinstance(below[0], list) and _names(value))):
            return (key,)
    for key, below in inside.items():
        if isinstance(below, dict) and level < _LEVELS and (path := _find(below, level + 1)):
            return (key, *path)
    return None


def _is_record(item: Any) -> bool:
    """Whether an item of a list may be a record: it has a time, or holds what has one."""
    if isinstance(item, list):
        return _is_fields(item)
    if not isinstance(item, dict):
        return False
    return _is_stream(item) or _is_table(item) or any(is_time(key) or key in _NESTED for key in item)


def _is_request(value: Record) -> bool:
    names = {normalise(key) for key in value}
    return not names.isdisjoint(_TIMES) and not names.isdisjoint(_REQUESTS)


def _records(item: Any, names: Sequence[str]) -> Iterator[Record]:
    """The records in an item of a page; what is no object becomes one."""
    if isinstance(item, dict) and _is_stream(item):
        beside = item.get("stream")
        for value in item["values"]:
            time, line, *_ = [*value, None, None] if isinstance(value, list) else (None, value)
            yield {**(beside if isinstance(beside, dict) else {}), "time": time, "line": line}
    elif isinstance(item, dict) and _is_table(item):
        for row in item["rows"]:
            yield from _records(row, _names(item))
    elif isinstance(item, list) and _is_fields(item):
        yield {str(one["field"]): one.get("value") for one in item if isinstance(one, dict) and "field" in one}
    elif isinstance(item, list) and names:
        yield dict(zip(names, item, strict=False))
    else:
        yield item if isinstance(item, dict) else {"value": item}


def _is_stream(item: Record) -> bool:
    """Whether it is one stream of Loki: labels, and pairs of a time and a line."""
    return "stream" in item and isinstance(item.get("values"), list)


def _is_fields(item: Sequence[Any]) -> bool:
    """Whether it is one result of CloudWatch Logs Insights: a list of fields with their values."""
    return bool(item) and isinstance(item[0], dict) and {"field", "value"} <= item[0].keys()


def _is_table(item: Record) -> bool:
    """Whether it is a table of Azure Monitor: columns, and rows that are lists."""
    return bool(_names(item)) and isinstance(item.get("rows"), list)


def _names(page: Record) -> list[str]:
    """The names of columns that stand beside rows (Azure Monitor, ClickHouse, pandas); none if there are none."""
    columns = page.get("columns") or page.get("meta")
    if isinstance(columns, list) and all(isinstance(one, str) for one in columns):
        return columns
    if not isinstance(columns, list) or not all(isinstance(one, dict) and "name" in one for one in columns):
        return []
    return [str(one["name"]) for one in columns]
