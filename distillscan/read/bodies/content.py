"""Texts, tool calls and pictures in message content of every vendor's shape, walked within fixed bounds."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from distillscan.read.values.jsontext import whole

#: Deepest nesting of content that is followed; the vendors' own shapes need six.
MAX_DEPTH: Final = 24
#: Values looked at in one request; an agent's longest conversations have a few thousand.
MAX_NODES: Final = 200_000
#: Characters kept of a system prompt, a conversation, an answer. Two million is what the largest context windows hold.
MAX_CHARS: Final = 2_000_000
#: Tool names kept of one request.
MAX_TOOLS: Final = 256

CUT: Final = "cut: more text, deeper or more nested than is followed"

_PICTURES: Final = frozenset({"image", "image_url", "input_image", "imageurl"})
CALLS: Final = frozenset({"tool_use", "tool_call", "function_call", "custom_tool_call", "server_tool_use"})
_RESULTS: Final = frozenset(
    {"tool_result", "tool_call_response", "function_call_output", "custom_tool_call_output", "tool_response"}
)
THOUGHTS: Final = frozenset({"thinking", "redacted_thinking", "reasoning"})
_MEDIA: Final = ("inlineData", "inline_data", "fileData", "file_data", "source")
_MEDIA_KINDS: Final = ("mimeType", "mime_type", "media_type")
_CALL_KEYS: Final = ("toolUse", "functionCall", "function_call")
_OPENINFERENCE_CALL: Final = "tool_call.function."
_ARGUMENTS: Final = ("arguments", "input", "args", f"{_OPENINFERENCE_CALL}arguments")
_RESULT_KEYS: Final = ("toolResult", "functionResponse")
_SIGNATURES: Final = ("signature", "encrypted_content", "thoughtSignature", "thought_signature")
_TEXTS: Final = ("text", "content", "parts", "value", "message", "json", "message_content", "message_content.text")
_RESULT_TEXTS: Final = ("content", "output", "result", "response")
#: A block without any of these types and keys is text and nothing else.
_KINDS: Final = _PICTURES | CALLS | _RESULTS | THOUGHTS
_KEYS: Final = frozenset(
    (*("image", "image_url", "modality", "reasoningContent"), *_MEDIA, *_CALL_KEYS, *_RESULT_KEYS, *_SIGNATURES[2:])
)


class Walk:
    """One walk over a request or an answer: what was found beside the texts, and what is left of the bounds."""

    def __init__(self) -> None:
        self.tools: dict[str, None] = {}
        self.images = 0
        self.signature: str | None = None
        self.cut = False
        self._nodes = MAX_NODES

    def enter(self, depth: int) -> bool:
        """Count one more value; return whether it is still within the bounds."""
        self._nodes -= 1
        if depth > MAX_DEPTH or self._nodes < 0:
            self.cut = True
            return False
        return True

    def read(self, value: Any, depth: int = 0) -> None:
        """Read a body, a part of one, or a text."""
        if self.enter(depth):
            if isinstance(value, str):
                self.read_text(value)
            elif isinstance(value, list):
                self.read_list(value, depth)
            elif isinstance(value, dict):
                self.read_object(value, depth)

    def read_text(self, text: str) -> None:
        """Read a text that stands for itself."""

    def read_list(self, items: list[Any], depth: int) -> None:
        """Read the items of a list."""
        for item in items:
            self.read(item, depth + 1)

    def read_object(self, value: dict[str, Any], depth: int) -> None:
        """Read an object."""

    def texts(self, value: Any, depth: int = 0) -> list[str]:
        """Return the texts of one content value in reading order: text, calls with arguments, and tool results."""
        found: list[str] = []
        self._collect(value, depth, found)
        return found

    def note_tool(self, name: Any) -> None:
        """Note the name of a tool that was offered or called."""
        if isinstance(name, str) and name and len(self.tools) < MAX_TOOLS:
            self.tools[whole(name[:256])] = None

    def call(self, call: Mapping[str, Any]) -> list[str]:
        """Note a tool call, and return its name with its arguments as one text, if it has any."""
        for key in ("tool_call", "function"):
            call = call[key] if isinstance(call.get(key), dict) else call
        name = call.get("name") or call.get(f"{_OPENINFERENCE_CALL}name")
        self.note_tool(name)
        given = next((call[key] for key in _ARGUMENTS if call.get(key) is not None), None)
        text = given if isinstance(given, str) or given is None else _compact(given)
        shown = " ".join(part for part in (name, text) if isinstance(part, str) and part)
        return [shown] if shown else []

    def join(self, texts: Iterable[str]) -> str | None:
        """Return texts as one, a blank line between them, up to the bound; ``None`` when there is none."""
        text = "\n\n".join(texts)
        if len(text) > MAX_CHARS:
            self.cut = True
            text = text[:MAX_CHARS]
        return whole(text) or None

    def _collect(self, value: Any, depth: int, found: list[str]) -> None:
        if not self.enter(depth):
            return
        if isinstance(value, str):
            if value:
                found.append(value)
        elif isinstance(value, list):
            for item in value:
                self._collect(item, depth + 1, found)
        elif isinstance(value, dict):
            self._block(value, depth + 1, found)

    def _block(self, block: Mapping[str, Any], depth: int, found: list[str]) -> None:
        kind = kind_of(block)
        if kind not in _KINDS and _KEYS.isdisjoint(block):
            self._collect(first(block, _TEXTS), depth + 1, found)
            return
        if kind in _PICTURES or _is_picture(block):
            self.images += 1
        elif kind in THOUGHTS or "reasoningContent" in block:
            self._note_thought(block)
        elif kind in CALLS:
            found += self.call(block)
        elif kind in _RESULTS:
            self._collect(first(block, _RESULT_TEXTS), depth + 1, found)
        elif call := first(block, _CALL_KEYS, dict):
            found += self.call(call)
        elif result := first(block, _RESULT_KEYS, dict):
            self._collect(first(result, _RESULT_TEXTS), depth + 1, found)
        else:
            self._collect(first(block, _TEXTS), depth + 1, found)
        if "thoughtSignature" in block or "thought_signature" in block:
            self._note_thought(block)

    def _note_thought(self, block: Mapping[str, Any]) -> None:
        """Keep the first signature of reasoning that the client sent back; the reasoning itself is no prompt."""
        inner = block.get("reasoningContent")
        for part in (block, inner, inner.get("reasoningText") if isinstance(inner, dict) else None):
            if self.signature is None and isinstance(part, dict) and (found := first(part, _SIGNATURES, str)):
                self.signature = whole(found)


def first(block: Mapping[str, Any], keys: Iterable[str], kind: type | tuple[type, ...] = object) -> Any:
    """Return what is under the first of some keys that holds something of a type; ``None`` if none does."""
    return next((block[key] for key in keys if block.get(key) and isinstance(block[key], kind)), None)


def objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects in a list; none of what is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def kind_of(block: Mapping[str, Any]) -> str:
    """Return what a content block says it is, in lower case; empty if it says nothing."""
    kind = block.get("type", block.get("message_content.type"))
    return kind.lower() if isinstance(kind, str) else ""


def is_result(block: Any) -> bool:
    """Return whether a content block is what a tool returned, which a client sends in the user's name."""
    return isinstance(block, dict) and (kind_of(block) in _RESULTS or any(key in block for key in _RESULT_KEYS))


def _compact(value: Any) -> str:
    """A parsed value as compact JSON text, bounded."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))[:MAX_CHARS]
    except RecursionError:
        return ""


def _is_picture(block: Mapping[str, Any]) -> bool:
    if isinstance(block.get("image"), (dict, str)) or "image_url" in block or block.get("modality") == "image":
        return True
    kinds = (first(block[key], _MEDIA_KINDS, str) for key in _MEDIA if isinstance(block.get(key), dict))
    return any(kind is not None and kind.startswith("image/") for kind in kinds)
