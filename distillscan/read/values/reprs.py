"""Objects that were printed instead of written as JSON: by Python (``repr``, LangChain, numpy), by Athena and Spark."""

import re
from typing import Any, Final

from distillscan.read.values.jsontext import parse
from distillscan.read.values.notation import as_json
from distillscan.read.values.notation import unquote as unquote_json
from distillscan.read.values.rows import parse_row

#: Longest text that is read.
_LONGEST: Final = 8 << 20

#: Marks of messages that were printed: Python's quotation marks, LangChain's classes, fields as Athena shows them.
PRINTED_MARKS: Final = (
    *("'role':", "'message.role':", "'messages':", "'content':", "'parts':"),
    *("{role=", ", role=", "(role=", "{messages=", ", messages="),
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
    return beginning.lstrip().startswith(("[", "{", "(", "array([")) and any(
        mark in beginning for mark in PRINTED_MARKS
    )


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
        return parse(as_json(text))
    row = parse_row(text) or {}
    inside = {key: _inside(value) for key, value in row.items()}
    return _messages(text) if "role" in row or inside == row else inside


def unquote(text: str) -> str:
    """Return what stands in Python's quotation marks, of bytes as UTF-8; other text as it is."""
    found = unquote_json(text) if len(text) <= _LONGEST else None
    if found is None:
        return text
    inside = str(parse(found))
    if text.lstrip()[:1] in "bB":
        try:
            return inside.encode("latin-1").decode()
        except UnicodeError:
            return inside
    return inside


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
