"""Objects that were printed instead of written as JSON: by Python (``repr``, LangChain, numpy), by Athena and Spark."""

import json
import re
from typing import Any, Final

from distillscan.read.values.jsontext import parse
from distillscan.read.values.rows import parse_row

#: Longest text that is read.
_LONGEST: Final = 8 << 20
_TOKEN: Final = re.compile(
    r"""\s*(?:[bBuUrRfF]{0,2}('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|([A-Za-z_][\w.]*)|(-?\d[\w.+-]*)|([\[\](){},:=]))""",
    re.DOTALL,
)
_ESCAPE: Final = re.compile(r"""\\(x[0-9A-Fa-f]{2}|U[0-9A-Fa-f]{8}|[0-7]{1,3}|\n|.)|(["\x00-\x1f])""", re.DOTALL)
_SAME: Final = frozenset('"\\/bfnrtu')
_WORDS: Final = {"None": "null", "True": "true", "False": "false", "null": "null", "nan": "null", "inf": "null"}
_ROLES: Final = {"SystemMessage": "system", "HumanMessage": "user", "AIMessage": "assistant", "ToolMessage": "tool"}
_CLOSES: Final = {"[": "]", "{": "}"}

#: Marks of messages that were printed: Python's quotation marks, LangChain's classes, fields as Athena shows them.
PRINTED_MARKS: Final = (
    *("'role':", "'message.role':", "'messages':", "'content':", "'parts':"),
    *("{role=", ", role=", "{messages=", ", messages="),
    *("SystemMessage(", "HumanMessage(", "AIMessage(", "ChatMessage("),
)
#: The first field of a row as Athena prints it, and the fields of messages in it.
_FIRST: Final = re.compile(r"[A-Za-z_]\w{0,63}=")
_FIELD: Final = re.compile(r"(?<![^\s,\[{])(role|content|type|text|name|tool_calls|tool_call_id)=")
#: A list with one block of text.
_BLOCK: Final = re.compile(r"\s*+\[\{(?:type=text, )?text=([^{}]*?)(?:, type=text)?\}\]\s*+", re.DOTALL)
_OPENING, _CLOSING = "[{ \t\r\n", "]} \t\r\n"


def looks_printed(beginning: str) -> bool:
    """Return whether a text, by its first few hundred characters, is messages that were printed."""
    return beginning.lstrip()[:1] in ("[", "{", "(") and any(mark in beginning for mark in PRINTED_MARKS)


def parse_repr(text: str) -> Any:
    """Parse an object that Python or Athena printed: dictionaries, lists, calls with named arguments, ``{key=value}``.

    Returns:
        As if it had been JSON; of a call the arguments, with the role of a message its class stands for. Of a row that
        Athena printed, in which nothing is quoted, the messages, or its fields with the messages and texts in them.

    Raises:
        ValueError: If it is nothing of the kind, cut off, or longer than 8 MB.
    """
    if len(text) > _LONGEST:
        raise ValueError("too long")
    if not _FIRST.match(text.lstrip(_OPENING)):
        return parse(_as_json(text))
    row = parse_row(text) or {}
    inside = {key: _inside(value) for key, value in row.items()}
    return _messages(text) if "role" in row or inside == row else inside


def unquote(text: str) -> str:
    """Return what stands in Python's quotation marks, of bytes as UTF-8; other text as it is."""
    token = _TOKEN.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if token is None or token[1] is None:
        return text
    inside = str(parse(_json_string(token[1])))
    if text.lstrip()[:1] in "bB":
        try:
            return inside.encode("latin-1").decode()
        except UnicodeError:
            return inside
    return inside


def _as_json(text: str) -> str:
    """Python's notation as JSON, token by token."""
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
            written.append(_json_string(string))
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
        written.append(f'"{word}":')
        return text.index("=", at) + 1
    if not following.startswith("("):
        raise ValueError(f"not a constant of Python: {word[:40]}")
    opening = text.index("(", at)
    arguments = text[opening + 1 : opening + 201].lstrip()
    named = arguments.startswith(")") or _FIRST.match(arguments) is not None
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
    else:
        written.append(mark)


def _json_string(quoted: str) -> str:
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


def _inside(value: Any) -> Any:
    """A value of a row: the messages or the one text that it holds, else as it is."""
    if not isinstance(value, str) or not _FIRST.match(value.lstrip(_OPENING)):
        return value
    if block := _BLOCK.fullmatch(value):
        return block[1]
    try:
        return _messages(value)
    except ValueError:
        return value


def _messages(text: str) -> list[dict[str, str]]:
    """The messages of a row in which no text is quoted: a field ends where the next one of a message begins."""
    fields = list(_FIELD.finditer(text))
    messages: list[dict[str, str]] = [{}]
    opened = True
    for at, field in enumerate(fields):
        end = fields[at + 1].start() if at + 1 < len(fields) else len(text)
        key = "content" if field[1] == "text" else field[1]
        if opened and field[1] != "text" and key in messages[-1]:
            messages.append({})
        value, opened = _until(text[field.end() : end], last=at + 1 == len(fields))
        if key in ("role", "content") and value.strip() not in ("", "null"):
            said = messages[-1].get(key)
            messages[-1][key] = value if said is None else f"{said}\n\n{value}"
    if not any("role" in message for message in messages):
        raise ValueError("no messages")
    return [message for message in messages if message]


def _until(value: str, *, last: bool) -> tuple[str, bool]:
    """A value without the marks between it and the next field, and whether that one opens an object."""
    whole = value.rstrip(_OPENING)
    opens = "{" in value[len(whole) :]
    whole = whole.removesuffix(",")
    return (whole.rstrip(_CLOSING) if opens or last else whole), opens
