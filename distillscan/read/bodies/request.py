"""Find what was asked in a logged request body, whichever vendor's shape it has.

Understood are OpenAI chat messages and Responses input, Anthropic ``system`` and content blocks, Bedrock Converse,
Titan ``inputText``, Llama ``prompt``, Cohere ``message`` and ``chat_history``, Gemini ``contents``, OpenTelemetry
message parts and events, and plain text. Nothing here raises on what is in a log: the reason is returned instead.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from distillscan.read.bodies.content import CUT, MAX_CHARS, Walk, is_result
from distillscan.read.canonical.jsontext import parse, whole

#: Longest JSON text that is parsed.
MAX_JSON: Final = 64 << 20
BROKEN: Final = "broken JSON: cut off by the source?"
TOO_LONG: Final = "longer than 64 MB"
NO_MESSAGES: Final = "JSON without messages"

_SYSTEM_ROLES: Final = frozenset({"system", "developer"})
_USER_ROLES: Final = frozenset({"user", "human"})
_SYSTEM_KEYS: Final = ("system", "instructions", "systemInstruction", "system_instruction", "preamble", "system_prompt")
_LIST_KEYS: Final = ("messages", "input", "contents", "chat_history")
_TEXT_KEYS: Final = ("prompt", "inputText", "message", "query", "question")
_WRAPPERS: Final = (
    "body",
    "request",
    "proxy_server_request",
    "params",
    "kwargs",
    "json",
    "data",
    "generateContentRequest",
)
_SESSION_KEYS: Final = ("conversation", "conversation_id", "session_id", "thread_id", "litellm_session_id")
#: Keys of which a request body has at least one.
BODY_KEYS: Final = frozenset((*_LIST_KEYS, *_TEXT_KEYS))
#: Marks by which text that is no valid JSON shows that it was a body once, not a prompt with brackets.
_BODY_MARKS: Final = ('"role"', '"messages"', '"content"', '"parts"', '"inputText"')
_MARKS_WITHIN: Final = 400
_EVENT: Final = "gen_ai."


@dataclass(frozen=True, slots=True)
class Extracted:
    """What one request asked.

    Attributes:
        system_prompt: System and developer messages, a blank line between them.
        prompt: The conversation beside it, oldest turn first, a blank line between turns; no role names.
        last_user: The last text of the user alone.
        conversation: The conversation's own identifier, if the body names one.
        tools: Names of tools that were offered or called, sorted.
        images: How many pictures were sent.
        signature: The first signature of earlier reasoning that was sent back.
        reason: Why something is missing, or ``None``.
    """

    system_prompt: str | None = None
    prompt: str | None = None
    last_user: str | None = None
    conversation: str | None = None
    tools: tuple[str, ...] = ()
    images: int = 0
    signature: str | None = None
    reason: str | None = None


def extract(value: Any) -> Extracted:
    """Return what a request body asks.

    Args:
        value: JSON text or a parsed value: a whole body, a list of messages, one message, or the prompt itself.

    Returns:
        What was found; never raises, and bounded in time and size whatever the value is (see ``message_parts``).
    """
    value, reason = load(value)
    if reason is not None:
        return Extracted(reason=reason)
    if value is None or value in ("", [], {}):
        return Extracted()
    request = _Request()
    request.read(value)
    return request.result()


def content(value: Any) -> tuple[str | None, str | None]:
    """Return the text of a system prompt that is logged by itself (text, blocks, JSON of either), and what is amiss."""
    value, reason = load(value)
    walk = Walk()
    text = walk.join(walk.texts(value))
    return text, CUT if walk.cut else reason


def load(value: Any) -> tuple[Any, str | None]:
    """Parse JSON text, once or twice encoded; other text, and what is parsed already, is returned as it is.

    Returns:
        The value and, where there should be one and is none, the reason.
    """
    for _ in range(2):
        if not isinstance(value, str):
            return value, None
        if len(value) > MAX_JSON:
            return None, TOO_LONG
        start = value[:64].lstrip()[:1]
        if start not in ("{", "[", '"'):
            return value, None
        try:
            value = parse(value)
        except ValueError:
            broken = start != '"' and any(mark in value[:_MARKS_WITHIN] for mark in _BODY_MARKS)
            return (None, BROKEN) if broken else (value, None)
    return value, None


class _Request:
    """Collects the pieces of one request."""

    def __init__(self) -> None:
        self._walk = Walk()
        self._system: list[str] = []
        self._turns: list[str] = []
        self._room = {"system": MAX_CHARS, "turns": MAX_CHARS}
        self._last_user: str | None = None
        self._conversation: str | None = None
        self._found = False

    def read(self, value: Any, depth: int = 0) -> None:
        if not self._walk.enter(depth):
            return
        if isinstance(value, str):
            self._add(_USER, [value])
        elif isinstance(value, list):
            self._messages(value, depth)
        elif isinstance(value, dict):
            self._body(value, depth)

    def result(self) -> Extracted:
        walk = self._walk
        system, prompt = walk.join(iter(self._system)), walk.join(iter(self._turns))
        empty = not (self._found or walk.tools or walk.images)
        return Extracted(
            system_prompt=system,
            prompt=prompt,
            last_user=None if self._last_user is None else whole(self._last_user[:MAX_CHARS]) or None,
            conversation=self._conversation,
            tools=tuple(sorted(walk.tools)),
            images=walk.images,
            signature=walk.signature,
            reason=CUT if walk.cut else NO_MESSAGES if empty else None,
        )

    def _body(self, body: dict[str, Any], depth: int) -> None:
        """A request body: its system prompt, then its conversation; else one message; else what wraps a body."""
        self._conversation = self._conversation or _session(body)
        for key in _SYSTEM_KEYS:
            if body.get(key):
                self._add("system", self._walk.texts(body[key], depth))
        self._tools(body, depth)
        if "role" in body or "parts" in body or ("content" in body and "messages" not in body):
            self._message(body, depth)
            return
        keys = [key for key in _LIST_KEYS if isinstance(body.get(key), list | str) and body[key]]
        for key in keys:
            self.read(body[key], depth + 1)
        texts = [key for key in _TEXT_KEYS if body.get(key)]
        # Of a body with messages a further "prompt" is the same text again; Cohere's message follows its history.
        if texts and (not keys or keys == ["chat_history"]):
            self.read(body[texts[0]], depth + 1)
        elif not keys and isinstance(body.get("text"), str):
            self._add(_USER, [body["text"]])
        elif not keys:
            inner = next((body[key] for key in _WRAPPERS if isinstance(body.get(key), dict | list | str)), None)
            if inner is not None:
                self.read(load(inner)[0], depth + 1)

    def _messages(self, messages: list[Any], depth: int) -> None:
        for message in messages:
            if isinstance(message, dict):
                if self._walk.enter(depth):
                    self._message(message, depth + 1)
            elif message:
                self.read(message, depth + 1)

    def _message(self, message: dict[str, Any], depth: int) -> None:
        name = message.get("name", message.get("event.name"))
        if isinstance(name, str) and name.startswith(_EVENT) and "role" not in message:
            message = _from_event(name, message)
        role = message.get("role", message.get("from", ""))
        role = role.lower() if isinstance(role, str) else ""
        content = _content(message)
        # Most messages are a text and nothing else.
        texts = [content] if isinstance(content, str) else list(self._walk.texts(content, depth))
        calls = message.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, dict):
                texts += self._walk.call(call)
        if role in _SYSTEM_ROLES:
            self._add("system", texts)
            return
        self._add("", texts)
        if role in _USER_ROLES:
            said = texts if isinstance(content, str) else [*self._own_texts(content, depth)]
            self._last_user = "\n\n".join(said) if said else self._last_user

    def _own_texts(self, content: Any, depth: int) -> Iterator[str]:
        """What a user message says itself: no results of tools, which the client adds without the user."""
        for block in content if isinstance(content, list) else [content]:
            if isinstance(block, dict) and is_result(block):
                continue
            yield from Walk().texts(block, depth)

    def _add(self, role: str, texts: Any) -> None:
        target, room = (self._system, "system") if role == "system" else (self._turns, "turns")
        for text in texts:
            self._found = True
            if self._room[room] < 0:
                self._walk.cut = True
                return
            target.append(text)
            self._room[room] -= len(text)
            if role == _USER:
                self._last_user = text

    def _tools(self, body: dict[str, Any], depth: int) -> None:
        config = body.get("toolConfig")
        for tools in (
            body.get("tools"),
            body.get("functions"),
            config.get("tools") if isinstance(config, dict) else None,
        ):
            for tool in tools if isinstance(tools, list) else ():
                if not isinstance(tool, dict) or not self._walk.enter(depth):
                    continue
                for spec in (tool.get("function"), tool.get("toolSpec"), tool):
                    if isinstance(spec, dict):
                        self._walk.tool(spec.get("name"))
                declared = tool.get("functionDeclarations", tool.get("function_declarations"))
                for spec in declared if isinstance(declared, list) else ():
                    self._walk.tool(spec.get("name") if isinstance(spec, dict) else None)


_USER: Final = "user"


def _content(message: dict[str, Any]) -> Any:
    """What a message says, without its own frame; an item that is no message (a call, a result) is its own content."""
    for key in ("content", "parts", "value", "message"):
        if message.get(key) not in (None, ""):
            if key == "content" and str(message.get("type", "message")).lower() not in ("message", ""):
                return message
            return message[key]
    return None if "role" in message else message


def _from_event(name: str, event: dict[str, Any]) -> dict[str, Any]:
    """A message of OpenTelemetry before 1.36: one event each, ``gen_ai.user.message`` and the like."""
    inside = event.get("attributes", event.get("body"))
    inside = load(inside)[0] if isinstance(inside, str) else inside
    inside = inside if isinstance(inside, dict) else event
    role = inside.get("role", name.removeprefix(_EVENT).partition(".")[0])
    found = inside.get("content", inside.get("gen_ai.event.content"))
    return {**inside, "role": role, "content": load(found)[0] if isinstance(found, str) else found}


def _session(body: dict[str, Any]) -> str | None:
    """The conversation's identifier where the client states one: in the body, or in its metadata."""
    for part in (body, body.get("metadata")):
        if not isinstance(part, dict):
            continue
        for key in _SESSION_KEYS:
            value = part.get(key)
            value = value.get("id") if isinstance(value, dict) else value
            if isinstance(value, str) and value:
                return whole(value[:256])
        # Anthropic's own coding client writes user, account and session into one field.
        user = part.get("user_id")
        if isinstance(user, str) and "_session_" in user:
            return whole(user.rpartition("_session_")[2][:256]) or None
    return None
