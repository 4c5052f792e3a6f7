"""A log schema: where a source keeps the canonical columns, as a TOML file says it, checked before a log is read."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
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

#: ``--schema none``: no schema, columns by their names only.
NO_SCHEMA: Final = "none"


@dataclass(frozen=True, slots=True)
class Column:
    """Where one canonical column is.

    Attributes:
        paths: Source columns or paths into them, tried in this order for every row.
        unit: What an epoch number counts; ``None`` goes by its magnitude.
        format: How a time is written (``%d/%b/%Y:%H:%M:%S %z``), where it is not ISO 8601.
        pattern: A regular expression with one group, which is what is kept of the text.
    """

    paths: tuple[str, ...]
    unit: Unit | None = None
    format: str | None = None
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """Where request and response bodies are; the texts in them are found whatever their shape.

    Attributes:
        request: Paths of the request body, of its messages, or of the prompt; the first that holds something counts.
        system: Paths of a system prompt that is kept apart; it wins over the one in the body.
        response: Paths of the response body or text.
        turns: Whether ``prompt`` is the whole conversation that was sent or its last user message.
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
    """Columns by which a file is taken for this source: all of these, one of those, none of the last."""

    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
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
        name: What ``--schema`` calls it.
        summary: What source it is, in a few words.
        kind: ``join`` for a log that only adds columns to another (``--join``).
        recognise: How a file of this source is known.
        columns: Canonical column to its place.
        body: Where the texts are.
        records: Paths of lists of records inside one line, tried in order; a line without them is a record.
        attributes: Whether OTLP lists of attributes become objects.
        lines: A regular expression with named groups for lines of plain text.
        keep: Which rows are requests.
        refuse: What cannot be analysed.
        newest: Of rows with one key only the one with the highest order counts.
        parts: Rows with one key are parts of one request.
        join_key: Path of the value that joined logs call ``request_id``; the request's own when ``None``.
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
    newest: Rows | None = None
    parts: Rows | None = None
    join_key: str | None = None
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
        return (*named, self.join_key) if self.join_key else tuple(named)


@cache
def presets() -> Mapping[str, Schema]:
    """Return the packaged schemas by name, in alphabetical order."""
    found = sorted(
        (item.name, item.read_text("utf-8"))
        for item in (files("distillscan.read.schema") / "presets").iterdir()
        if item.name.endswith(".toml")
    )
    return MappingProxyType({name.removesuffix(".toml"): parse_schema(text, name) for name, text in found})


def preset_text(name: str) -> str:
    """Return the TOML text of a packaged schema."""
    return (files("distillscan.read.schema") / "presets" / f"{name}.toml").read_text("utf-8")


def load_schema(wanted: str) -> Schema:
    """Return a packaged schema, or the one in a TOML file.

    Args:
        wanted: Name of a packaged schema, or path of a file that ends in ``.toml``.

    Raises:
        UsageError: If there is no such schema, or the file is not right.
    """
    if wanted in presets():
        return presets()[wanted]
    if not wanted.endswith(".toml"):
        hint = did_you_mean(wanted, [*presets(), NO_SCHEMA], "the packaged ones are")
        raise UsageError(
            f"--schema {wanted}: there is no such schema; {hint} (your own schema's file must end in .toml)"
        )
    try:
        text = Path(wanted).read_text("utf-8")
    except OSError as error:
        raise UsageError(f"--schema {wanted}: {why_unreadable(error)}") from error
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
    try:
        return sha256(Path(wanted).read_bytes()).hexdigest()
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
    return _Table(table, label, "").schema()


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of the file, read key by key; a key that nothing has read is a mistake."""

    values: dict[str, Any]
    label: str
    where: str
    used: set[str] = field(default_factory=set)

    def schema(self) -> Schema:
        prefixes = self.texts("prefixes") or ("",)
        columns = {name: self._column(name, value, prefixes) for name, value in self.table("columns").values.items()}
        body, recognise, join = self.table("body"), self.table("recognise"), self.table("join")
        schema = Schema(
            name=self.text("name"),
            summary=self.text("summary"),
            kind=self.choice("kind", get_args(Kind), "log"),
            columns=MappingProxyType(columns),
            recognise=Recognise(*(recognise.paths(key) for key in ("all", "any", "none"))),
            body=Body(
                body.paths("request", prefixes),
                body.paths("system", prefixes),
                body.paths("response", prefixes),
                body.choice("turns", get_args(Turns), "all"),
            ),
            records=self.paths("records"),
            attributes=self.flag("attributes"),
            lines=self.pattern("lines", groups=None) if self.has("lines") else None,
            keep=tuple(one.keep(prefixes) for one in self.tables("keep")),
            refuse=tuple(one.refuse() for one in self.tables("refuse")),
            newest=self._rows("newest"),
            parts=self._rows("parts"),
            join_key=join.path("key") if join.values else None,
            hint=self.text("hint") if self.has("hint") else None,
            prompts=self.text("prompts") if self.has("prompts") else None,
        )
        if not columns:
            raise self.error("columns", "is empty: say at least where timestamp and account_id are")
        for table in (self, body, recognise, join):
            table.finish()
        return schema

    def keep(self, prefixes: Sequence[str]) -> Keep:
        found = Keep(self.paths("from", prefixes, needed=True), self.texts("values"), self.text("why"))
        self.finish()
        return found

    def refuse(self) -> Refuse:
        found = Refuse(self.path("from"), self.pattern("pattern", groups=0), self.text("message"))
        self.finish()
        return found

    def has(self, key: str) -> bool:
        return self._get(key) is not None

    def text(self, key: str) -> str:
        value = self._get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, f"must be text, and is {_shown(value)}")
        return value

    def path(self, key: str) -> str:
        return self._checked(key, self.text(key))

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._get(key)
        items = [value] if isinstance(value, str) else [] if value is None else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise self.error(key, f"must be text or a list of texts, and is {_shown(value)}")
        return tuple(items)

    def paths(self, key: str, prefixes: Sequence[str] = ("",), *, needed: bool = False) -> tuple[str, ...]:
        found = tuple(self._checked(key, prefix + path) for path in self.texts(key) for prefix in prefixes)
        if needed and not found:
            raise self.error(key, "is missing: say which column or path")
        return found

    def flag(self, key: str) -> bool:
        value = self._get(key)
        if value not in (None, True, False):
            raise self.error(key, f"must be true or false, and is {_shown(value)}")
        return bool(value)

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> Any:
        value = self._get(key)
        if value is not None and value not in choices:
            raise self.error(key, f"must be one of {', '.join(choices)}, and is {_shown(value)}")
        return default if value is None else value

    def pattern(self, key: str, groups: int | None) -> str:
        """A regular expression that polars' engine takes, whose time is linear in the text."""
        text = self.text(key)
        try:
            found = pl.select(pl.lit("").str.extract_groups(text)).to_series().dtype
        except pl.exceptions.ComputeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise self.error(key, f"is no regular expression that can be used: {reason}") from None
        count = len(found.fields) if isinstance(found, pl.Struct) else 0
        if groups is not None and count != groups:
            raise self.error(key, f"must have {groups} group(s) in round brackets, and has {count}")
        return text

    def table(self, key: str) -> "_Table":
        value = self._get(key)
        if value is not None and not isinstance(value, dict):
            raise self.error(key, f"must be a table, and is {_shown(value)}")
        return _Table(value or {}, self.label, f"{self.where}{key}.")

    def tables(self, key: str) -> list["_Table"]:
        value = self._get(key) or []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.error(key, f"must be written as [[{key}]], and is {_shown(value)}")
        return [_Table(item, self.label, f"{self.where}{key}.") for item in value]

    def finish(self) -> None:
        """Refuse keys that nothing has read: a misspelt key would otherwise be without effect."""
        for key in self.values:
            if key not in self.used:
                raise self.error(key, f"is not known; {did_you_mean(key, sorted(self.used), 'known are')}")

    def error(self, key: str, what: str) -> UsageError:
        return UsageError(f"schema {self.label}: {self.where}{key} {what}")

    def _get(self, key: str) -> Any:
        self.used.add(key)
        return self.values.get(key)

    def _checked(self, key: str, path: str) -> str:
        try:
            split_path(path)
        except ValueError as error:
            raise self.error(key, f"holds a path that cannot be used: {error}") from None
        return path

    def _rows(self, key: str) -> Rows | None:
        table = self.table(key)
        if not table.values:
            return None
        rows = Rows(table.path("key"), table.path("order"))
        table.finish()
        return rows

    def _column(self, name: str, value: Any, prefixes: Sequence[str]) -> Column:
        where = f"{self.where}columns."
        table = _Table(value if isinstance(value, dict) else {"from": value}, self.label, f"{where}{name}.")
        if name not in READABLE:
            hint = did_you_mean_column(name)
            raise UsageError(f"schema {self.label}: {where}{name} is no canonical column; {hint}")
        column = Column(
            table.paths("from", prefixes, needed=True),
            table.choice("unit", get_args(Unit), "") or None,
            table.text("format") if table.has("format") else None,
            table.pattern("pattern", groups=1) if table.has("pattern") else None,
        )
        table.finish()
        if (column.unit or column.format) and READABLE[name] != TIMESTAMP:
            raise UsageError(f"schema {self.label}: {where}{name} is no time: unit and format are for times only")
        return column


def _shown(value: Any) -> str:
    return "missing" if value is None else repr(value)[:60]
