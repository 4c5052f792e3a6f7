"""Records as databases and data frames export them: each value with its type, or one object of columns.

MongoDB: https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/. DynamoDB:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html. pandas ``to_json``.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from distillscan.read.formats.otlp import Record
from distillscan.read.formats.pages import is_time

#: MongoDB's types of single values.
_MONGODB: Final = frozenset(
    ("$date", "$oid", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "$uuid", "$symbol")
)
#: Levels of lists and objects that are looked into for typed values.
_LEVELS: Final = 4
#: DynamoDB's types, and what their values are in JSON.
_DYNAMODB: Final[dict[str, type]] = {
    **dict.fromkeys(("S", "N", "B"), str),
    **dict.fromkeys(("BOOL", "NULL"), bool),
    **dict.fromkeys(("L", "SS", "NS", "BS"), list),
    "M": dict,
}
_TYPES: Final = _MONGODB.union(_DYNAMODB)
#: Keys under which exports of DynamoDB keep an item.
_ITEMS: Final = ("Item", "NewImage")


class Form(NamedTuple):
    """How the records of a file are written: what to say of it, and what makes plain records of one."""

    remark: str
    read: Callable[[Record], Iterable[Record]]


def lead_to_types(paths: Iterable[str]) -> bool:
    """Return whether paths that somebody wrote lead to values by their types (``time.$date``): these stay then."""
    return any(not _TYPES.isdisjoint(path.split(".")) for path in paths)


def find_form(records: Sequence[Record]) -> Form | None:
    """Return the form of the first records of a file; ``None`` if they are plain, as nearly all are."""
    if not records:
        return None
    if all(_columns(record) is not None for record in records):
        return Form("its objects of columns are read as tables", _rows)
    if all(_item(record) is not None for record in records):
        return Form("values with types of DynamoDB are read as the values themselves", _read_dynamodb)
    if any(_has_mongodb(record, 0) for record in records):
        return Form("values with types of MongoDB are read as the values themselves", _read_mongodb)
    return None


def _columns(record: Record) -> dict[str, dict[str, Any]] | None:
    """The columns of a table by name, their cells by row; ``None`` if the object is no table with a time."""
    columns: dict[str, dict[str, Any]] = {}
    rows = None
    for name, cells in record.items():
        if isinstance(cells, list):
            by_row = {str(at): cell for at, cell in enumerate(cells)}
        elif isinstance(cells, dict) and all(map(str.isdecimal, cells)):
            by_row = cells
        else:
            return None
        rows = by_row.keys() if rows is None else rows
        if not rows or by_row.keys() != rows:
            return None
        columns[name] = by_row
    times = [cells for name, cells in columns.items() if is_time(name)]
    single = times and not any(isinstance(cell, (dict, list)) for cell in times[0].values())
    return columns if single and len(columns) > 1 else None


def _rows(record: Record) -> Iterator[Record]:
    columns = _columns(record)
    if columns is None:
        yield record
        return
    for row in next(iter(columns.values())):
        yield {name: cells.get(row) for name, cells in columns.items()}


def _has_mongodb(value: Any, level: int) -> bool:
    if isinstance(value, dict) and len(value) == 1 and not _MONGODB.isdisjoint(value):
        return True
    if level == _LEVELS or not isinstance(value, (dict, list)):
        return False
    return any(_has_mongodb(below, level + 1) for below in (value.values() if isinstance(value, dict) else value))


def _read_mongodb(record: Record) -> Iterable[Record]:
    return ({name: _from_mongodb(value) for name, value in record.items()},)


def _from_mongodb(value: Any) -> Any:
    if isinstance(value, list):
        return [_from_mongodb(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and not _MONGODB.isdisjoint(value):
        return _from_mongodb(next(iter(value.values())))
    return {name: _from_mongodb(below) for name, below in value.items()}


def _item(record: Record) -> Record | None:
    """The attributes of a record of DynamoDB, each with its type; ``None`` if it is none."""
    item = next((record[name] for name in _ITEMS if name in record), record)
    return item if isinstance(item, dict) and item and all(map(_is_typed, item.values())) else None


def _is_typed(value: Any) -> bool:
    if not isinstance(value, dict) or len(value) != 1:
        return False
    kind, inside = next(iter(value.items()))
    return kind in _DYNAMODB and isinstance(inside, _DYNAMODB[kind])


def _read_dynamodb(record: Record) -> Iterable[Record]:
    item = _item(record)
    return (record if item is None else {name: _from_dynamodb(value) for name, value in item.items()},)


def _from_dynamodb(value: Any) -> Any:
    if not _is_typed(value):
        return value
    kind, inside = next(iter(value.items()))
    if kind == "NULL":
        return None
    if kind == "M":
        return {name: _from_dynamodb(below) for name, below in inside.items()}
    return [_from_dynamodb(item) for item in inside] if kind == "L" else inside
