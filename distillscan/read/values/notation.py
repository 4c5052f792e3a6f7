"""Python's notation of objects, and ClickHouse's of maps, written as JSON: dictionaries, lists, calls, strings."""

import json
import re
from typing import Final

_TOKEN: Final = re.compile(
    r"""\s*(?:[bBuUrRfF]{0,2}('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|([A-Za-z_][\w.]*)|(-?\d[\w.+-]*)|([\[\](){},:=]))""",
    re.DOTALL,
)
_ESCAPE: Final = re.compile(r"""\\(x[0-9A-Fa-f]{2}|U[0-9A-Fa-f]{8}|[0-7]{1,3}|\n|.)|(["\x00-\x1f])""", re.DOTALL)
_SAME: Final = frozenset('"\\/bfnrtu')
_WORDS: Final = {"None": "null", "True": "true", "False": "false", "null": "null", "nan": "null", "inf": "null"}
_ROLES: Final = {"SystemMessage": "system", "HumanMessage": "user", "AIMessage": "assistant", "ToolMessage": "tool"}
#: What a bracket is closed with; a call around a list (``array([...], dtype=object)``) is the list.
_CLOSES: Final = {"[": "]", "{": "}", "(": ""}
_LISTS: Final = frozenset({"array", "list", "tuple", "deque"})
#: The first argument of a call, if it has a name; and one behind arguments that have none.
_NAMED: Final = re.compile(r"[A-Za-z_]\w{0,63}=")
_VALUE: Final = re.compile(r"\s*+=\s*+(?:[\w.<>-]++|'[^'\\]*+'|\"[^\"\\]*+\")")


def unquote(text: str) -> str | None:
    """Return the JSON of what stands in Python's quotation marks; ``None`` if a text is not one such string."""
    token = _TOKEN.fullmatch(text.strip())
    return None if token is None or token[1] is None else _string(token[1])


def as_json(text: str) -> str:
    """Return an object in Python's notation as JSON, token by token.

    Raises:
        ValueError: If it is none, or cut off.
    """
    written: list[str] = []
    open_: list[str] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError("not Python's notation")
        at = token.end()
        string, word, number, mark = token.groups()
        if string is not None:
            written.append(_string(string))
        elif number is not None:
            written.append(number)
        elif word is not None:
            at = _word(word, text, at, written, open_)
        else:
            _mark(mark, written, open_)
    if open_:
        raise ValueError("cut off")
    return "".join(written)


def _word(word: str, text: str, at: int, written: list[str], open_: list[str]) -> int:
    """A constant, the name of an argument, or a call, which is an object if its arguments have names."""
    following = text[at : at + 64].lstrip()
    if word in _WORDS and not following.startswith(("=", "(")):
        written.append(_WORDS[word])
        return at
    if following.startswith("="):
        if open_[-1:] == ["("] and (value := _VALUE.match(text, at)):
            return value.end()
        written.append(f'"{word}":')
        return text.index("=", at) + 1
    if not following.startswith("("):
        raise ValueError(f"not a constant of Python: {word[:40]}")
    opening = text.index("(", at)
    arguments = text[opening + 1 : opening + 201].lstrip()
    if word.rpartition(".")[2] in _LISTS and arguments.startswith("["):
        open_.append("(")
        return opening + 1
    named = arguments.startswith(")") or _NAMED.match(arguments) is not None
    role = _ROLES.get(word.rpartition(".")[2])
    _mark("{" if named else "[", written, open_)
    if named and role is not None:
        written.append(f'"role":"{role}",')
    return opening + 1


def _mark(mark: str, written: list[str], open_: list[str]) -> None:
    if mark in "[{(":
        if written and written[-1] in ("}", "]"):
            written.append(",")  # numpy prints no commas between items
        mark = "[" if mark == "(" else mark
        open_.append(mark)
        written.append(mark)
    elif mark in "]})":
        if not open_:
            raise ValueError("closed twice")
        if written[-1].endswith(","):
            written[-1] = written[-1][:-1]
        written.append(_CLOSES[open_.pop()])
    elif mark != "," or open_[-1:] != ["("]:
        written.append(mark)


def _string(quoted: str) -> str:
    return f'"{_ESCAPE.sub(_escape, quoted[1:-1])}"'


def _escape(match: re.Match[str]) -> str:
    escaped, raw = match.groups()
    if raw is not None:
        return json.dumps(raw)[1:-1]
    if escaped in _SAME:
        return match[0]
    if escaped[0] in "xU":
        return json.dumps(chr(min(int(escaped[1:], 16), 0x10FFFF)))[1:-1]
    if escaped.isdigit():
        return json.dumps(chr(int(escaped, 8)))[1:-1]
    return "" if escaped == "\n" else json.dumps(escaped if escaped == "'" else match[0])[1:-1]
