"""Tell how a CSV file is written: what separates fields, how quotes in them are escaped, whether it has a header."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from distillscan.errors import InputError
from distillscan.read.schema.hints import HINTS, normalise
from distillscan.read.values.text import decode_bytes

#: How quotes in quoted fields are written: doubled (RFC 4180); behind a backslash (Spark); like every special character
#: behind a backslash (MySQL, Redshift); doubled, and ``"N`` for nothing (Cloud SQL); no quotes, but letters behind a
#: backslash (``COPY`` of Postgres, ``mysql --batch``).
Style = Literal["rfc", "spark", "mysql", "cloudsql", "letters"]

_BOM: Final = b"\xef\xbb\xbf"
_SEPARATORS: Final = (",", "\t", ";", "|")
#: The first line by which Excel is told the separator.
_SEP_LINE: Final = re.compile(rb'[\r\n]*"?sep=(?:([,;|\t:~^ ])|\\t)"?(?:\r\n|\r|\n)', re.IGNORECASE)
_BLANK_LINES: Final = re.compile(rb"[\r\n]*+")
_RECORDS: Final = 100
#: Characters by which the beginning of a record is known, and the share of records that must begin alike.
_SHAPE: Final = 6
_MOST: Final = 0.9
#: What names of columns do not look like: times, numbers, addresses, identifiers, JSON, sentences.
_VALUE: Final = re.compile(
    r"\d{4}-\d\d-\d\d.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}\b.*|[+-]?[\d.,]*\d%?|[\[{].*[\]}]|\S+@\S+\.\w+|\d+(?:\.\d+){3}\S*"
    r"|[0-9a-fA-F:]*:[0-9a-fA-F:]*:[0-9a-fA-F:.]*|[0-9a-fA-F]{8}-[0-9a-fA-F-]{12,}|[0-9a-fA-F]{16,}"
    r"|.{101,}|(?:\S+\s+){7,}\S+|(?:\\N|NULL|null)|.*[?!.]",
    re.DOTALL,
)
_NAMES: Final = frozenset(name for names in HINTS.values() for name in names)
#: Two-letter escapes of text without quotes, longest match first.
LETTERS: Final = {r"\\": "\\", r"\t": "\t", r"\n": "\n", r"\r": "\r", r"\b": "\b", r"\f": "\f", r"\v": "\v"}
_NULL: Final = re.compile(rb"(?:^|[\t\n])\\N(?=[\t\r\n]|$)")
_LETTER: Final = re.compile(rb"\\[\\tnrbfv]")
#: What Spark leaves as it is, and MySQL never writes: a backslash that escapes none of its own special characters.
_LONE: Final = re.compile(rb'(?<!\\)(?:\\\\)*\\[^"\\\r\n0NZ\'\t,;|]')


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is written.

    Attributes:
        separator: What stands between fields.
        style: How quotes inside of fields are written.
        body: Where the first record is.
        names: The columns.
        shape: How its records begin, if all do alike: digits as 0, letters as a; else empty.
    """

    separator: str
    style: Style
    body: int
    names: tuple[str, ...]
    shape: str = ""

    def begins_record(self, text: str) -> bool:
        """Return whether a text begins like a record, as far as that can be told."""
        return not self.shape or shape(text) == self.shape

    def plain(self, block: bytes) -> bytes:
        """Return whole records as Arrow reads them, quotes inside of fields doubled."""
        return _PLAIN[self.style](block, re.escape(self.separator).encode())


def record_patterns(separator: str, style: Style) -> tuple[str, str]:
    """Return regular expressions of a quoted field, to its closing quotation mark, and of the rest of any field."""
    mark = re.escape(separator)
    if style == "letters":
        return r"(?!)", rf"[^{mark}\r\n]*+"
    doubled, escaped = r'"[^"]*+(?:""[^"]*+)*+"', r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
    if style == "cloudsql":
        return rf'(?:"N(?=[{mark}\r\n]|$)|{doubled})', rf"[^{mark}\r\n]*+"
    rest = rf"[^{mark}\r\n\\]*+(?:\\.[^{mark}\r\n\\]*+)*+" if style == "mysql" else rf"[^{mark}\r\n]*+"
    return (doubled if style == "rfc" else escaped), rest


def read_dialect(head: bytes, label: str, columns: Sequence[str] = ()) -> Dialect:
    """Tell how a file is written by its beginning.

    Args:
        head: Its first bytes.
        label: Its name for messages.
        columns: Names of the columns, if it has no header.

    Raises:
        InputError: If it has no header and no names are given, or another number of them than it has fields.
    """
    start = len(_BOM) if head.startswith(_BOM) else 0
    told = _SEP_LINE.match(head, start)
    start = told.end() if told else start
    blank = _BLANK_LINES.match(head, start)
    start = blank.end() if blank else start
    separators = [(told[1] or b"\t").decode("latin-1")] if told else _SEPARATORS
    line = head[start : start + 65536].partition(b"\n")[0]
    likely = max(separators, key=lambda one: re.sub(rb'"[^"]*"', b"", line).count(one.encode()))
    dialect = _with_names(head, start, likely)
    if not any(dialect.names):
        raise InputError(f"{label} has no CSV header: the first line must name the columns")
    if not looks_like_header(dialect.names):
        dialect = max((_with_names(head, start, one) for one in separators), key=lambda one: _fit(head[start:], one))
        if not columns:
            raise InputError(
                f"{label} has no header: its first line holds values, not names. Name its {len(dialect.names)} columns "
                "in their order with --columns, as in --columns timestamp,account_id,prompt"
            )
        if len(columns) != len(dialect.names):
            raise InputError(
                f"{label} has {len(dialect.names)} columns and no header, but --columns has {len(columns)} names: "
                "give one for each, an empty one for a column that does not matter"
            )
        return replace(dialect, body=start, names=tuple(columns), shape=_shape(head[start:], dialect))
    end = start + len(next(iter(_records(head[start:], dialect.separator, dialect.style)), b""))
    return replace(dialect, body=end, shape=_shape(head[end:], dialect))


def looks_like_header(names: Sequence[str]) -> bool:
    """Return whether the fields of a first record are names of columns rather than values."""
    # Of 101 characters on a name is a sentence, whatever follows.
    values = sum(_VALUE.fullmatch(name[:101]) is not None for name in names)
    return values <= sum(normalise(name) in _NAMES for name in names)


def shape(text: str) -> str:
    """Return how a record begins: its first characters, digits as 0, letters as a."""
    return re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "0", text.lstrip('"')[:_SHAPE]))


def _shape(text: bytes, dialect: Dialect) -> str:
    """The shape with which nine of ten well-formed records begin, if it has digits or signs."""
    records = _records(text, dialect.separator, dialect.style)
    found = [_fields(record, dialect.separator, dialect.style) for record in records]
    shapes = [shape(decode_bytes(fields[0])) for fields, clean in found if clean and len(fields) == len(dialect.names)]
    first, count = Counter(shapes).most_common(1)[0] if shapes else ("", 0)
    return first if count >= _MOST * len(shapes) and first.strip("a ") else ""


def _with_names(head: bytes, start: int, separator: str) -> Dialect:
    """The dialect with a separator under which most records are well-formed, and the fields of the first record."""
    text = head[start:]
    styles: list[Style] = ["rfc", "spark", "mysql", "cloudsql"]
    best = max(styles, key=lambda style: _more_good_than_bad(*_well_formed(text, separator, style)))
    if best == "spark" and rb"\\" in text and not _LONE.search(text):
        best = "mysql"
    if best == "rfc" and separator == "\t" and _has_letters(text):
        best = "letters"
    first = next(iter(_records(text, separator, best)), b"")
    fields, _ = _fields(first, separator, best) if first else ([], True)
    return Dialect(separator, best, 0, tuple(_unquoted(field).strip() for field in fields))


def _fit(text: bytes, dialect: Dialect) -> tuple[float, int]:
    """How well a separator fits records without a header: the share of those with as many fields as the first."""
    good, records = _well_formed(text, dialect.separator, dialect.style)
    return (good / max(1, records) if len(dialect.names) > 1 else 0.0), len(dialect.names)


def _well_formed(text: bytes, separator: str, style: Style) -> tuple[int, int]:
    """How many of the first records have as many fields as the first and nothing behind quotes, and of how many."""
    found = [_fields(record, separator, style) for record in _records(text, separator, style)]
    wanted = len(found[0][0]) if found else 0
    return sum(clean and len(fields) == wanted for fields, clean in found), len(found)


def _more_good_than_bad(good: int, seen: int) -> int:
    return good - (seen - good)


def _fields(record: bytes, separator: str, style: Style) -> tuple[list[bytes], bool]:
    """The fields of a record as they are written, and whether nothing stands behind closing quotation marks."""
    quoted, rest = (one.encode() for one in record_patterns(separator, style))
    field = re.compile(rb"(" + quoted + rb"|(?!\")" + rest + rb")(" + rest + rb")", re.DOTALL)
    fields, at, clean, line = [], 0, True, record.rstrip(b"\r\n")
    while at <= len(line) and (found := field.match(line, at)):
        fields.append(found[0])
        clean, at = clean and not found[2], found.end() + 1
    return fields, clean


def _unquoted(field: bytes) -> str:
    if field.startswith(b'"') and field.endswith(b'"') and len(field) > 1:
        field = field[1:-1].replace(b'""', b'"')
    return decode_bytes(field)


def _records(text: bytes, separator: str, style: Style) -> list[bytes]:
    """The first records, with what is behind them."""
    quoted, rest = (one.encode() for one in record_patterns(separator, style))
    mark = re.escape(separator).encode()
    one = rb"(?:(?!\")|" + quoted + rb")" + rest
    record = re.compile(rb"(?:" + one + mark + rb")*+" + one + rb"(?:[\r\n]++|$)", re.DOTALL)
    found: list[bytes] = []
    at = 0
    while len(found) < _RECORDS and at < len(text) and (match := record.match(text, at)):
        found.append(match[0])
        at = match.end()
    return found


def _has_letters(text: bytes) -> bool:
    """Whether text without quotes writes line ends and tabs as letters: as it does if it writes null or JSON so."""
    return bool(_LETTER.search(text)) and (_NULL.search(text) is not None or rb'\\"' in text)


def _spark(block: bytes, mark: bytes) -> bytes:  # noqa: ARG001 (one signature for all)
    return re.sub(rb'(\\+)"', lambda run: b"\\" * (len(run[1]) // 2) + b'""'[: 1 + len(run[1]) % 2], block)


def _mysql(block: bytes, mark: bytes) -> bytes:
    """Keep the sign for NULL when Arrow takes the backslashes away."""
    return re.sub(rb"(^|[\r\n]|" + mark + rb")\\N(?=" + mark + rb"|[\r\n]|$)", rb"\1\\\\N", block)


def _cloudsql(block: bytes, mark: bytes) -> bytes:
    return re.sub(rb"(^|[\r\n]|" + mark + rb')"N(?=' + mark + rb"|[\r\n]|$)", rb"\1", block)


_PLAIN: Final[dict[Style, Callable[[bytes, bytes], bytes]]] = {
    "rfc": lambda block, _: block,
    "letters": lambda block, _: block,
    "spark": _spark,
    "mysql": _mysql,
    "cloudsql": _cloudsql,
}
