r"""The one place that makes text from a log safe to show.

Prompts, user agents and file names are written by strangers. Shown raw they can move the cursor, retitle the terminal,
reverse the reading order or hide words. Every view passes such text through here; what was replaced stays visible as an
escape such as ``\x1b``.
"""

import re
from typing import Any, Final

from rich.cells import cell_len, set_cell_size

ELLIPSIS: Final = "…"

#: Controls (C0, DEL, C1), bidi marks, zero-width and filler characters, line separators, tags, lone surrogates, and the
#: variation selectors but the two that emoji use: bytes can be hidden in them.
#: Listed rather than taken from ``unicodedata``, so that the same log gives the same bytes under every Python version.
_UNSAFE: Final = (
    "\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_UNSAFE_CHARACTER: Final = re.compile(f"[{_UNSAFE}]")
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")

#: Marks that stack on the letter before them; a few are spelling, more would cover the lines above and below.
_MARK: Final = (
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0730-\u074a"
    "\u0900-\u0903\u093c\u0941-\u0948\u094d\u0951-\u0957\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ebc\u0ec8-\u0ece"
    "\u0f71-\u0f84\u0f8d-\u0fbc\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u302a-\u302f\u3099\u309a\ufe0e\ufe0f\ufe20-\ufe2f]"
)
_STACK: Final = re.compile(f"({_MARK}{{4}})({_MARK}+)")

#: What a spreadsheet takes for the begin of a formula, full-width forms included.
_FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
#: The same after what some countries' spreadsheets take for the end of a cell.
_LATER: Final = re.compile(r"([;|]\s*)(?=[=+\-@＝＋－＠])")

#: A character may be zero cells wide (combining marks), so a cut by width alone would let one run grow without end.
_CHARACTERS_PER_CELL: Final = 4


def visible(text: str) -> str:
    """Return ``text`` with every character that could mislead a terminal or a reader replaced by a visible escape."""
    text = _STACK.sub(lambda match: f"{match[1]}{_escape(match[2][0])}×{len(match[2])}", text)
    return _UNSAFE_CHARACTER.sub(lambda match: _escape(match[0]), text)


def scalar(text: str) -> str:
    """Return ``text`` with lone surrogates made visible: it can be encoded as UTF-8 and read by any JSON parser."""
    return _LONE_SURROGATE.sub(lambda match: _escape(match[0]), text)


def json_safe(document: str) -> str:
    r"""Return a JSON text with unsafe characters as ``\uXXXX``: same document, nothing left that a terminal acts on.

    In a JSON text such characters can only stand inside strings (``json.dumps`` has escaped C0 controls already), line
    breaks and indentation apart.
    """
    document = _STACK.sub(lambda match: match[1] + "".join(map(_json_escape, match[2])), document)
    return _UNSAFE_CHARACTER.sub(lambda match: match[0] if match[0] == "\n" else _json_escape(match[0]), document)


def csv_cell(value: Any) -> Any:
    """Return a value as a CSV cell: text without controls, and nothing that a spreadsheet would run."""
    if not isinstance(value, str):
        return value
    safe = _LATER.sub(r"\1'", visible(value))
    return f"'{safe}" if safe.lstrip().startswith(_FORMULA) else safe


def clip(text: str, width: int) -> str:
    """Return ``text`` made visible and cut to ``width`` display cells, the last an ellipsis when something was cut."""
    head = text[: (width + 1) * _CHARACTERS_PER_CELL]
    safe = visible(head)
    if len(head) == len(text) and len(safe) <= width * _CHARACTERS_PER_CELL and cell_len(safe) <= width:
        return safe
    return _cut(safe, width - 1) + ELLIPSIS


def _cut(text: str, width: int) -> str:
    """The longest start of ``text`` that fits in ``width`` cells and a bounded number of characters."""
    text = text[: max(width, 0) * _CHARACTERS_PER_CELL]
    return text if cell_len(text) <= width else set_cell_size(text, max(width, 0)).rstrip(" ")


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex(" ", 2).split()
    return "".join(f"\\u{unit}" for unit in units)
