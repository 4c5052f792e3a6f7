"""A log schema: where a source keeps the canonical columns, as a TOML file says it, checked before a log is read."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

import polars as pl

from distillscan.columns import READABLE, TIMESTAMP
from distillscan.errors import UsageError, did_you_mean
from distillscan.files import why_unreadable
from distillscan.read.bodies.columns import Part
from distillscan.read.schema.hints import did_you_mean_column
from distillscan.read.values.jsontext import split_path

Unit = Literal["s", "ms", "us", "ns"]
Turns = Literal["all", "last"]
Kind = Literal["log", "join"]
_ReadValue = Callable[[Any], Any]

#: ``--schema none``: no schema, columns by their names only.
NO_SCHEMA: Final = "none"
_PRESETS: Final = files("distillscan.read.schema") / "presets"


@dataclass(frozen=True, slots=True)
class Column:
    """Where one canonical column is.

    Attributes:
        paths: Source columns or paths into them, tried in this order for every row.
        unit: What an epoch number counts; ``None`` goes by its magnitude.
        format: How a time is written (``%d/%b/%Y:%H:%M:%S %z``), where it is not ISO 8601.
        pattern: A regular expression with one group, which is what is kept of the text.
        ignore: Values that say nothing; the next path is tried.
    """

    paths: tuple[str, ...]
    unit: Unit | None = None
    format: str | None = None
    pattern: str | None = None
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Body:
    """Where request and response bodies are; the texts in them are found whatever their shape.

    Of the paths of a part the first that holds something counts; ``system`` wins over what is in ``request``.
    ``turns`` says whether ``prompt`` is the whole conversation that was sent or its last user message.
    """

    request: tuple[str, ...] = ()
    system: tuple[str, ...] = ()
    response: tuple[str, ...] = ()
    turns: Turns = "all"

    @property
    def parts(self) -> dict[Part, tuple[str, ...]]:
        """Its paths by what is there."""
        return {"request": self.request, "system": self.system, "response": self.response}


@dataclass(frozen=True, slots=True)
class Recognise:
    """Columns by which a file is taken for this source: one of each of these groups, and none of the last."""

    groups: tuple[tuple[str, ...], ...] = ()
    none: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Keep:
    """Rows that are requests: those with something at one of ``paths``, or one of ``values`` there; ``why`` not."""

    paths: tuple[str, ...]
    values: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """What cannot be analysed: text at ``path`` that matches ``pattern`` ends the run with ``message``."""

    path: str
    pattern: str
    message: str


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that belong together: ``key`` says which, ``order`` in which order."""

    key: str
    order: str


@dataclass(frozen=True, slots=True)
class Schema:
    """How one source's log is read; see ``docs/log-schemas.md`` for the file it comes from.

    Attributes:
        summary: What source it is, in a few words.
        columns: Canonical column to its place.
        kind: ``join`` for a log that only adds columns to another (``--join``).
        records: Paths of lists of records inside one line, tried in order; a line without them is a record.
        attributes: Whether OTLP lists of attributes become objects.
        lines: A regular expression with named groups for lines of plain text.
        totals: What its rows are, if they are no requests but sums over many.
        newest: Of rows with one key only the one with the highest order counts.
        parts: Rows with one key are parts of one request.
        join_key: Paths of the value that joined logs call ``request_id``, the first that is there; else its own counts.
        hint: What to do if a required column is missing.
        prompts: How to have prompts logged, said if there are none.
    """

    name: str
    summary: str
    columns: Mapping[str, Column]
    kind: Kind = "log"
    recognise: Recognise = Recognise()
    body: Body = Body()
    records: tuple[str, ...] = ()
    attributes: bool = False
    lines: str | None = None
    keep: tuple[Keep, ...] = ()
    refuse: tuple[Refuse, ...] = ()
    totals: str | None = None
    newest: Rows | None = None
    parts: Rows | None = None
    join_key: tuple[str, ...] = ()
    hint: str | None = None
    prompts: str | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """Every source path it names, each once."""
        bodies = [path for paths in self.body.parts.values() for path in paths]
        return tuple(dict.fromkeys((*self.value_paths, *bodies)))

    @property
    def value_paths(self) -> tuple[str, ...]:
        """The source paths of columns and rules: all but those of bodies."""
        return (*(path for column in self.columns.values() for path in column.paths), *self.rules)

    @property
    def rules(self) -> tuple[str, ...]:
        """The source paths that tell which rows count, and which belong together."""
        named = [path for keep in self.keep for path in keep.paths]
        named += [refuse.path for refuse in self.refuse]
        named += [path for rows in (self.newest, self.parts) if rows for path in (rows.key, rows.order)]
        return (*named, *self.join_key)


@cache
def presets() -> Mapping[str, Schema]:
    """Return the packaged schemas by name, in alphabetical order."""
    names = sorted(item.name.removesuffix(".toml") for item in _PRESETS.iterdir() if item.name.endswith(".toml"))
    return MappingProxyType({name: parse_schema(preset_text(name), name) for name in names})


def preset_text(name: str) -> str:
    """Return the TOML text of a packaged schema."""
    return (_PRESETS / f"{name}.toml").read_text("utf-8")


def load_schema(wanted: str) -> Schema:
    """Return a packaged schema by its name, or the one in a file that ends in ``.toml``.

    Raises:
        UsageError: If there is no such schema, or the file is not right.
    """
    if wanted in presets():
        return presets()[wanted]
    try:
        text = _file_bytes(wanted).decode()
    except UnicodeDecodeError:
        raise UsageError(f"--schema {wanted}: it is not UTF-8 text") from None
    return parse_schema(text, wanted)


def schema_digest(wanted: str | None) -> str | None:
    """Return the SHA-256 of a schema's own file; ``None`` for packaged schemas, which the tool's version tells.

    Raises:
        UsageError: If it cannot be read.
    """
    if wanted is None or wanted == NO_SCHEMA or wanted in presets():
        return None
    return sha256(_file_bytes(wanted)).hexdigest()


def _file_bytes(wanted: str) -> bytes:
    if not wanted.endswith(".toml"):
        hint = did_you_mean(wanted, [*presets(), NO_SCHEMA], "the packaged ones are")
        raise UsageError(
            f"--schema {wanted}: there is no such schema; {hint} (your own schema's file must end in .toml)"
        )
    try:
        return Path(wanted).read_bytes()
    except OSError as error:
        raise UsageError(f"--schema {wanted}: {why_unreadable(error)}") from error


def parse_schema(text: str, label: str) -> Schema:
    """Return the schema in a TOML text.

    Raises:
        UsageError: If it is no TOML, or a key is unknown or has a value that cannot be used; the message says which.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"schema {label} is not valid TOML: {error}") from None
    try:
        return _schema(table)
    except ValueError as error:
        what, *keys = error.args
        raise UsageError(f"schema {label}: {'.'.join(keys)} {what}") from None


# Each function below reads the value of one key (``None``: it is not there), or raises ValueError with what is wrong
# about it and, as further arguments, the keys that lead there.


def _schema(table: Mapping[str, Any]) -> Schema:
    prefixes = _texts(table.get("prefixes")) or ("",)
    paths, some_paths = partial(_paths, prefixes=prefixes), partial(_paths, prefixes=prefixes, needed=True)
    column: dict[str, _ReadValue] = {
        "from": some_paths,
        "unit": partial(_choice, choices=get_args(Unit), default=None),
        "format": _optional(_text),
        "pattern": _optional(partial(_pattern, groups=1)),
        "ignore": _texts,
    }
    turns = partial(_choice, choices=get_args(Turns), default="all")
    refuse: dict[str, _ReadValue] = {"from": _path, "pattern": partial(_pattern, groups=0), "message": _text}
    rows = _optional(_table(Rows, {"key": _path, "order": _path}))
    keys: dict[str, _ReadValue] = {  # in the order of the schema's fields
        "name": _text,
        "summary": _text,
        "columns": partial(_columns, read_column=_table(Column, column)),
        "kind": partial(_choice, choices=get_args(Kind), default="log"),
        "recognise": _table(_recognise, {"all": _groups, "any": _paths, "none": _paths}),
        "body": _table(Body, {"request": paths, "system": paths, "response": paths, "turns": turns}),
        "records": _paths,
        "attributes": _flag,
        "lines": _optional(_pattern),
        "keep": _tables(_table(Keep, {"from": some_paths, "values": _texts, "why": _text})),
        "refuse": _tables(_table(Refuse, refuse)),
        "totals": _optional(_text),
        "newest": rows,
        "parts": rows,
        "join": _table(tuple, {"key": _paths}),
        "hint": _optional(_text),
        "prompts": _optional(_text),
        "prefixes": _texts,
    }
    *found, _ = _read(table, keys)
    return Schema(*found)


def _recognise(every: tuple[tuple[str, ...], ...], some: tuple[str, ...], none: tuple[str, ...]) -> Recognise:
    return Recognise((*every, some) if some else every, none)


def _groups(value: Any) -> tuple[tuple[str, ...], ...]:
    """Groups of paths, one of each of which must be there; a path by itself is a group of one."""
    return tuple(map(_paths, value)) if isinstance(value, list) else tuple((path,) for path in _paths(value))


def _columns(value: Any, read_column: _ReadValue) -> Mapping[str, Column]:
    columns: dict[str, Column] = {}
    for name, place in _dict(value).items():
        if name not in READABLE:
            raise ValueError(f"is no canonical column; {did_you_mean_column(name)}", name)
        column = _read_at(name, read_column, place if isinstance(place, dict) else {"from": place})
        if (column.unit or column.format) and READABLE[name] != TIMESTAMP:
            raise ValueError("is no time: unit and format are for times only", name)
        columns[name] = column
    if not columns:
        raise ValueError("is empty: say at least where timestamp and account_id are")
    return MappingProxyType(columns)


def _read(table: Mapping[str, Any], keys: Mapping[str, _ReadValue]) -> list[Any]:
    """The value of every key; a key that is not known would be without effect, and is a mistake."""
    for key in table:
        if key not in keys:
            raise ValueError(f"is not known; {did_you_mean(key, sorted(keys), 'known are')}", key)
    return [_read_at(key, read, table.get(key)) for key, read in keys.items()]


def _read_at(key: str, read: _ReadValue, value: Any) -> Any:
    try:
        return read(value)
    except ValueError as error:
        raise ValueError(error.args[0], key, *error.args[1:]) from None


def _table(make: Callable[..., Any], keys: Mapping[str, _ReadValue]) -> _ReadValue:
    return lambda value: make(*_read(_dict(value), keys))


def _tables(read_table: _ReadValue) -> _ReadValue:
    def read(value: Any) -> tuple[Any, ...]:
        if value is not None and not (isinstance(value, list) and all(isinstance(item, dict) for item in value)):
            raise ValueError(f"must be written in double brackets, once or more, and is {_shown(value)}")
        return tuple(map(read_table, value or ()))

    return read


def _optional(read: _ReadValue) -> _ReadValue:
    return lambda value: None if value is None else read(value)


def _dict(value: Any) -> dict[str, Any]:
    if value is not None and not isinstance(value, dict):
        raise ValueError(f"must be a table, and is {_shown(value)}")
    return value or {}


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"must be text, and is {_shown(value)}")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else [] if value is None else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ValueError(f"must be text or a list of texts, and is {_shown(value)}")
    return tuple(items)


def _path(value: Any) -> str:
    return _paths(_text(value))[0]


def _paths(value: Any, prefixes: Sequence[str] = ("",), *, needed: bool = False) -> tuple[str, ...]:
    paths = tuple(prefix + path for path in _texts(value) for prefix in prefixes)
    if needed and not paths:
        raise ValueError("is missing: say which column or path")
    try:
        for path in paths:
            split_path(path)
    except ValueError as error:
        raise ValueError(f"holds a path that cannot be used: {error}") from None
    return paths


def _flag(value: Any) -> bool:
    if value not in (None, True, False):
        raise ValueError(f"must be true or false, and is {_shown(value)}")
    return bool(value)


def _choice(value: Any, choices: tuple[str, ...], default: str | None) -> str | None:
    if value is not None and value not in choices:
        raise ValueError(f"must be one of {', '.join(choices)}, and is {_shown(value)}")
    return default if value is None else value


def _pattern(value: Any, groups: int | None = None) -> str:
    """A regular expression that polars' engine takes, whose time is linear in the text."""
    text = _text(value)
    try:
        found = pl.select(pl.lit("").str.extract_groups(text)).to_series().dtype
    except pl.exceptions.ComputeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise ValueError(f"is no regular expression that can be used: {reason}") from None
    count = len(found.fields) if isinstance(found, pl.Struct) else 0
    if groups is not None and count != groups:
        raise ValueError(f"must have {groups} group(s) in round brackets, and has {count}")
    return text


def _shown(value: Any) -> str:
    return "missing" if value is None else repr(value)[:60]
