"""Find what a model answered in a logged response body, whichever vendor's shape it has."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from distillscan.read.bodies.content import CUT, Walk
from distillscan.read.bodies.request import load
from distillscan.read.canonical.jsontext import whole

_STOPS: Final = ("stop_reason", "stopReason", "finish_reason", "finishReason", "completionReason")
#: Where the text may be, best first; the first that is there is followed.
_KEYS: Final = (
    "choices", "candidates", "results", "outputs", "generations", "content", "contentBlockDelta", "output_text",
    "output", "outputText", "generation", "completion", "message", "delta", "text", "parts", "response",
    "response_body", "body",
)  # fmt: skip
_CHUNK_KEYS: Final = ("contentBlockDelta", "messageStart", "delta", "generation", "outputText")
_CHUNK_TYPES: Final = ("content_block_delta", "message_start", "message_delta", "response.output_text.delta")
_CALLS: Final = ("tool_use", "tool_call", "function_call")
_THOUGHTS: Final = ("thinking", "reasoning", "redacted_thinking")
_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model answered, and why it stopped; ``reason`` says why something is missing."""

    text: str | None = None
    stop_reason: str | None = None
    reason: str | None = None


def answer(value: Any) -> Answer:
    """Return what a logged response says: whole responses, lists of messages, and recorded streams of chunks.

    Never raises, and is bounded in time and size, whatever the value is.
    """
    value, reason = load(value)
    if reason is not None:
        return Answer(reason=reason)
    walk = Walk()
    stops: list[str] = []
    chunks = isinstance(value, list) and any(isinstance(item, dict) and _is_chunk(item) for item in value)
    texts = _texts(value, walk, stops, 0)
    text = walk.join(iter(["".join(texts)] if chunks else texts))
    return Answer(text, stops[-1] if stops else None, CUT if walk.cut else None)


def _texts(value: Any, walk: Walk, stops: list[str], depth: int) -> Iterator[str]:
    if not walk.enter(depth):
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, walk, stops, depth + 1)
    elif isinstance(value, dict):
        _note_stop(value, stops)
        kind = value.get("type")
        if kind in _CALLS:
            yield from walk.call(value)
        elif kind not in _THOUGHTS:
            key = next((key for key in _KEYS if value.get(key) not in _EMPTY), None)
            if key is not None:
                yield from _texts(value[key], walk, stops, depth + 1)


def _note_stop(value: dict[str, Any], stops: list[str]) -> None:
    for part in (value, value.get("messageStop"), value.get("delta")):
        if isinstance(part, dict):
            found = next((part[key] for key in _STOPS if isinstance(part.get(key), str) and part[key]), None)
            if found is not None:
                stops.append(whole(found[:256]))


def _is_chunk(item: dict[str, Any]) -> bool:
    if any(key in item for key in _CHUNK_KEYS) or item.get("type") in _CHUNK_TYPES:
        return True
    choices = item.get("choices")
    return isinstance(choices, list) and bool(choices) and isinstance(choices[0], dict) and "delta" in choices[0]
