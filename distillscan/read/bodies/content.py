"""Texts, tool calls and pictures in message content of every vendor's shape, walked within fixed bounds."""

import json
from collections.abc import Iterator
from typing import Any, Final

from distillscan.read.canonical.jsontext import whole

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
_CALLS: Final = frozenset({"tool_use", "tool_call", "function_call", "custom_tool_call", "server_tool_use"})
_ANSWERS: Final = frozenset(
    {"tool_result", "tool_call_response", "function_call_output", "custom_tool_call_output", "tool_response"}
)
_THOUGHTS: Final = frozenset({"thinking", "redacted_thinking", "reasoning"})
_WRAPPED_CALLS: Final = ("toolUse", "functionCall", "function_call")
_WRAPPED_ANSWERS: Final = ("toolResult", "functionResponse")
_SIGNATURES: Final = ("signature", "encrypted_content", "thoughtSignature", "thought_signature")
_TEXTS: Final = ("text", "content", "parts", "value", "message", "json")
_RESULTS: Final = ("content", "output", "result", "response")


class Walk:
    """One walk over a request: what was found beside the texts, and what is left of the bounds."""

    def __init__(self) -> None:
        self.tools: dict[str, None] = {}
        self.images = 0
        self.signature: str | None = None
        self.cut = False
        self._nodes = MAX_NODES

    def texts(self, value: Any, depth: int = 0) -> Iterator[str]:
        """Yield the texts of one content value in reading order: text, calls with arguments, and tool results."""
        if not self.enter(depth):
            return
        if isinstance(value, str):
            if value:
                yield value
        elif isinstance(value, list):
            for item in value:
                yield from self.texts(item, depth + 1)
        elif isinstance(value, dict):
            yield from self._block(value, depth + 1)

    def enter(self, depth: int) -> bool:
        """Count one more value; whether it is still within the bounds."""
        self._nodes -= 1
        if depth > MAX_DEPTH or self._nodes < 0:
            self.cut = True
            return False
        return True

    def tool(self, name: Any) -> None:
        """Note the name of a tool that was offered or called."""
        if isinstance(name, str) and name and len(self.tools) < MAX_TOOLS:
            self.tools[whole(name[:256])] = None

    def join(self, texts: Iterator[str]) -> str | None:
        """Return texts as one, a blank line between them, up to the bound; ``None`` when there is none."""
        kept: list[str] = []
        room = MAX_CHARS
        for text in texts:
            if len(text) > room:
                self.cut = True
                kept.append(text[:room])
                break
            kept.append(text)
            room -= len(text) + 2
        return whole("\n\n".join(kept)) or None

    def _block(self, block: dict[str, Any], depth: int) -> Iterator[str]:
        kind = block.get("type")
        kind = kind.lower() if isinstance(kind, str) else ""
        if kind in _PICTURES or _is_picture(block):
            self.images += 1
        elif kind in _THOUGHTS or "reasoningContent" in block:
            self.thought(block)
        elif kind in _CALLS:
            yield from self.call(block)
        elif kind in _ANSWERS:
            yield from self._first(block, _RESULTS, depth)
        elif key := next((key for key in _WRAPPED_CALLS if isinstance(block.get(key), dict)), None):
            yield from self.call(block[key])
        elif key := next((key for key in _WRAPPED_ANSWERS if isinstance(block.get(key), dict)), None):
            yield from self._first(block[key], _RESULTS, depth)
        else:
            yield from self._first(block, _TEXTS, depth)
        if self.signature is None and ("thoughtSignature" in block or "thought_signature" in block):
            self.thought(block)

    def call(self, call: dict[str, Any]) -> Iterator[str]:
        """Note a tool call and yield its name with its arguments."""
        inner = call.get("function")
        call = inner if isinstance(inner, dict) else call
        name = call.get("name")
        self.tool(name)
        given = next((call[key] for key in ("arguments", "input", "args") if call.get(key) is not None), None)
        text = given if isinstance(given, str) or given is None else compact(given)
        shown = " ".join(part for part in (name, text) if isinstance(part, str) and part)
        if shown:
            yield shown

    def thought(self, block: dict[str, Any]) -> None:
        """Keep the first signature of reasoning that the client sent back; the reasoning itself is no prompt."""
        inner = block.get("reasoningContent")
        for part in (block, inner, inner.get("reasoningText") if isinstance(inner, dict) else None):
            if self.signature is None and isinstance(part, dict):
                found = next((part[key] for key in _SIGNATURES if isinstance(part.get(key), str) and part[key]), None)
                self.signature = None if found is None else whole(found)

    def _first(self, block: dict[str, Any], keys: tuple[str, ...], depth: int) -> Iterator[str]:
        key = next((key for key in keys if block.get(key) not in (None, "", [], {})), None)
        if key is not None:
            yield from self.texts(block[key], depth + 1)


def is_result(block: dict[str, Any]) -> bool:
    """Whether a content block is what a tool returned, which a client sends in the user's name."""
    kind = block.get("type")
    return (isinstance(kind, str) and kind.lower() in _ANSWERS) or any(key in block for key in _WRAPPED_ANSWERS)


def compact(value: Any) -> str:
    """Return a parsed value as compact JSON text, bounded."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))[:MAX_CHARS]
    except RecursionError:
        return ""


def _is_picture(block: dict[str, Any]) -> bool:
    if isinstance(block.get("image"), dict | str) or "image_url" in block:
        return True
    if block.get("modality") == "image":
        return True
    for key in ("inlineData", "inline_data", "fileData", "file_data", "source"):
        media = block.get(key)
        if isinstance(media, dict):
            kind = media.get("mimeType") or media.get("mime_type") or media.get("media_type")
            if isinstance(kind, str) and kind.startswith("image/"):
                return True
    return False
