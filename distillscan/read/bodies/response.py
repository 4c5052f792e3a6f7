"""Find what a model answered in a logged response body, whichever vendor's shape it has."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from distillscan.read.bodies.content import CALLS, CUT, THOUGHTS, Walk, first, kind_of, objects
from distillscan.read.bodies.request import load
from distillscan.read.values.jsontext import whole

_STOPS: Final = ("stop_reason", "stopReason", "stopreason", "finish_reason", "finishReason", "completionReason")
#: Where the text may be, best first; the first that is there is followed.
_KEYS: Final = (
    "choices", "candidates", "results", "outputs", "generations", "content", "contentBlockDelta", "output_text",
    "output", "outputText", "generation", "completion", "message", "delta", "text", "parts", "response",
    "response_body", "body", "kwargs", "message.content", "message.contents", "contents", "message_content",
    "message_content.text",
)  # fmt: skip
_CHUNK_KEYS: Final = ("candidates", "contentBlockDelta", "messageStart", "delta", "generation", "outputText")
_CHUNK_TYPES: Final = ("content_block_delta", "message_start", "message_delta", "response.output_text.delta")
#: Keys under which a reason for stopping may be.
_ANY_STOP: Final = frozenset((*_STOPS, "messageStop", "delta"))


class Answer(NamedTuple):
    """What the model answered, and why it stopped; ``problem`` says why something is missing."""

    response: str | None = None
    stop_reason: str | None = None
    problem: str | None = None


def answer(value: Any) -> Answer:
    """Return what a logged response says: whole responses, lists of messages, and recorded streams of chunks.

    Never raises, and is bounded in time and size, whatever the value is.
    """
    value, problem = load(value)
    if problem is not None:
        return Answer(problem=problem)
    if isinstance(value, list):  # Vertex keeps each chunk as text
        value = [load(item)[0] if isinstance(item, str) and item.startswith("{") else item for item in value]
    reading = _Response()
    reading.read(value)
    streamed = any(map(_is_chunk, objects(value)))
    text = reading.join(["".join(reading.said)] if streamed else reading.said)
    return Answer(text, reading.stop_reason, CUT if reading.cut else None)


class _Response(Walk):
    """A walk over one response: its texts in order, and the last reason for stopping."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.stop_reason: str | None = None

    def read_text(self, text: str) -> None:
        self.said.append(text)

    def read_object(self, value: dict[str, Any], depth: int) -> None:
        if not _ANY_STOP.isdisjoint(value):
            for part in (value, value.get("messageStop"), value.get("delta")):
                if isinstance(part, dict) and (stop := first(part, _STOPS, str)):
                    self.stop_reason = whole(stop[:256])
        kind = kind_of(value)
        if kind in CALLS:
            self.said += self.call(value)
        elif kind not in THOUGHTS and (below := first(value, _KEYS)):
            self.read(below, depth + 1)


def _is_chunk(item: Mapping[str, Any]) -> bool:
    """Whether an item of a list is a piece of a recorded stream."""
    if any(key in item for key in _CHUNK_KEYS) or item.get("type") in _CHUNK_TYPES:
        return True
    return any("delta" in choice for choice in objects(item.get("choices"))[:1])
