"""Find what was asked in a logged request body, whichever vendor's shape it has.

Understood are OpenAI chat messages and Responses input, Anthropic ``system`` and content blocks, Bedrock Converse,
Titan ``inputText``, Llama ``prompt``, Cohere ``message`` and ``chat_history``, Gemini ``contents``, OpenTelemetry
message parts and events, OpenInference and LangChain messages, and plain text. Nothing here raises on what is in a log:
the problem is returned instead.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from distillscan.read.bodies.content import CUT, MAX_CHARS, Walk, first, is_result, kind_of, objects
from distillscan.read.values.jsontext import parse, whole
from distillscan.read.values.reprs import PRINTED_MARKS, looks_printed, parse_repr, unquote

#: Longest JSON text that is parsed.
MAX_JSON: Final = 64 << 20
BROKEN: Final = "broken JSON: cut off by the source?"
TOO_LONG: Final = "longer than 64 MB"
NO_MESSAGES: Final = "JSON without messages"

_SYSTEM_ROLES: Final = frozenset({"system", "developer"})
_USER_ROLES: Final = frozenset({"user", "human"})
_SYSTEM_KEYS: Final = ("system", "instructions", "systemInstruction", "system_instruction", "preamble", "system_prompt")
_LIST_KEYS: Final = ("messages", "input", "contents", "chat_history", "prompts")
_TEXT_KEYS: Final = ("prompt", "inputText", "message", "query", "question")
_CONTENT_KEYS: Final = ("content", "contents", "parts", "value", "message")
_TOOL_KEYS: Final = ("tools", "functions", "toolConfig")
#: What may be around a request body.
_WRAPPERS: Final = (
    *("body", "request", "proxy_server_request", "params", "kwargs", "json", "data", "generateContentRequest"),
)
_SESSION_KEYS: Final = ("conversation", "conversation_id", "session_id", "thread_id", "litellm_session_id")
#: Keys of which a request body has at least one.
BODY_KEYS: Final = frozenset((*_LIST_KEYS, *_TEXT_KEYS))
#: Those that bodies of other requests hardly have.
_SURE_KEYS: Final = BODY_KEYS.difference(("message", "query", "question"))
#: Marks by which text that is no valid JSON shows that it was a body once, not a prompt with brackets.
_BODY_MARKS: Final = ('"role"', '"messages"', '"content"', '"parts"', '"inputText"')
_MARKS_WITHIN: Final = 400
#: How numpy prints a list of messages inside of other objects.
_ARRAY: Final = "array(["
_ENCODED: Final = 3
#: Marks of messages: in JSON, encoded once or more, and printed.
MARKS: Final = ('"role"', '"messages"', '"role\\', '"messages\\', *PRINTED_MARKS)
_EVENT: Final = "gen_ai."
_OPENINFERENCE: Final = "message."
#: Types of LangChain messages, which have no role; those of serialised ones end in ``Message``.
_LANGCHAIN: Final = ("human", "system", "ai", "tool", "function", "chat")
#: The same for quick questions whether a body has any of them.
_ANY_SYSTEM, _ANY_TOOLS, _ANY_SESSION = map(frozenset, (_SYSTEM_KEYS, _TOOL_KEYS, (*_SESSION_KEYS, "user_id")))


class Extracted(NamedTuple):
    """What one request asked.

    Attributes:
        system_prompt: System and developer messages, a blank line between them.
        prompt: The conversation beside it, oldest turn first, a blank line between turns; no role names.
        last_user: The last text of the user alone.
        session_id: The conversation's own identifier, if the body names one.
        tools: Names of tools that were offered or called, sorted.
        images: How many pictures were sent.
        reasoning_signature: The first signature of earlier reasoning that was sent back.
        problem: Why something is missing, or ``None``.
    """

    system_prompt: str | None = None
    prompt: str | None = None
    last_user: str | None = None
    session_id: str | None = None
    tools: tuple[str, ...] = ()
    images: int = 0
    reasoning_signature: str | None = None
    problem: str | None = None


class System(NamedTuple):
    """A system prompt that is logged by itself, and why something is missing."""

    system_prompt: str | None
    problem: str | None


def extract(value: Any) -> Extracted:
    """Return what a request body asks: JSON text or a parsed value, a whole body, messages, or the prompt itself.

    Never raises, and is bounded in time and size, whatever the value is.
    """
    value, problem = load(value)
    if problem is not None:
        return Extracted(problem=problem)
    if value is None or value in ("", [], {}):
        return Extracted()
    request = _Request()
    request.read(value)
    return request.result()


def content(value: Any) -> System:
    """Return the text of a system prompt that is logged by itself: text, blocks, JSON of either."""
    value, problem = load(value)
    walk = Walk()
    text = walk.join(walk.texts(value))
    return System(text, CUT if walk.cut else problem)


def load(value: Any) -> tuple[Any, str | None]:
    """Parse JSON text, encoded up to three times, and messages that Python or Athena printed.

    Other text, and what is parsed already, is returned as it is.

    Returns:
        The value and, where there should be one and is none, the reason.
    """
    for _ in range(_ENCODED):
        if not isinstance(value, str):
            return value, None
        if len(value) > MAX_JSON:
            return None, TOO_LONG
        start = value[:64].lstrip()[:1]
        if value[:64].lstrip().startswith(("b'", 'b"', "'")) and _opens(value):
            value = unquote(value)
            continue
        if start not in ("{", "[", '"'):
            return _printed(value) if value.startswith(_ARRAY) else (value, None)
        try:
            value = parse(value)
        except ValueError:
            return (value, None) if start == '"' else _printed(value)
    return value, None


def _printed(text: str) -> tuple[Any, str | None]:
    """What is no JSON: messages that were printed; what was a body once; else text, which may begin with a bracket."""
    beginning = text[:_MARKS_WITHIN]
    if looks_printed(beginning):
        try:
            return parse_repr(text), None
        except ValueError:
            pass
    broken = beginning.lstrip().startswith("[{'") or any(mark in beginning for mark in _BODY_MARKS)
    return (None, BROKEN) if broken else (text, None)


def looks_like_messages(text: str) -> bool:
    """Return whether a text is messages or a body with messages, as JSON (encoded once or more) or printed."""
    if not _opens(text):
        return False
    beginning = text[:_MARKS_WITHIN]
    return any(mark in beginning for mark in MARKS)


def asks(value: Any) -> bool:
    """Return whether a parsed value is a request to a model, its messages, or wraps a request: by its keys only."""
    if isinstance(value, list):
        return any(isinstance(item, dict) and ("role" in item or "parts" in item) for item in value)
    if not isinstance(value, dict):
        return False
    if not _SURE_KEYS.isdisjoint(value) or ("model" in value and not BODY_KEYS.isdisjoint(value)):
        return True
    inner = load(first(value, _WRAPPERS, (dict, str)))[0]
    return isinstance(inner, dict) and not _SURE_KEYS.isdisjoint(inner)


def _opens(text: str) -> bool:
    """Whether a text begins with a bracket, inside whatever quotation marks."""
    return text[:64].lstrip(" \t\r\n\"'b\\")[:1] in ("[", "{") or text.startswith(_ARRAY)


class _Request(Walk):
    """A walk over one request that collects its pieces."""

    def __init__(self) -> None:
        super().__init__()
        self._system: list[str] = []
        self._turns: list[str] = []
        self._last_user: Sequence[str] = ()
        self._session: str | None = None

    def result(self) -> Extracted:
        """Return what was found."""
        system, prompt = self.join(self._system), self.join(self._turns)
        last_user = whole("\n\n".join(self._last_user)[:MAX_CHARS]) or None
        tools = tuple(sorted(self.tools))
        nothing = not (self._system or self._turns or tools or self.images)
        problem = CUT if self.cut else NO_MESSAGES if nothing else None
        return Extracted(system, prompt, last_user, self._session, tools, self.images, self.signature, problem)

    def read_text(self, text: str) -> None:
        """Add a text of the user, or read the messages that it holds encoded once more."""
        value = load(text)[0] if looks_like_messages(text) else None
        read = len(self._system), len(self._turns)
        if isinstance(value, (dict, list)):
            self.read(value)
        if read == (len(self._system), len(self._turns)):
            self._turns.append(text)
            self._last_user = (text,)

    def read_object(self, body: dict[str, Any], depth: int) -> None:
        """A request body: its system prompt, then its conversation; else one message; else what wraps a body."""
        self._session = self._session or _session(body)
        if not _ANY_SYSTEM.isdisjoint(body):
            for key in _SYSTEM_KEYS:
                if body.get(key):
                    self._system += self.texts(body[key], depth)
        if not _ANY_TOOLS.isdisjoint(body):
            self._offered(body, depth)
        if "role" in body or "parts" in body or ("content" in body and "messages" not in body):
            self._message(body, depth)
        else:
            self._turns_of(body, depth)

    def _turns_of(self, body: Mapping[str, Any], depth: int) -> None:
        """The conversation in a body, or in what it wraps."""
        keys = [key for key in _LIST_KEYS if isinstance(body.get(key), (list, str)) and body[key]]
        for key in keys:
            self.read(body[key], depth + 1)
        text = first(body, _TEXT_KEYS)
        # Of a body with messages a further "prompt" is the same text again; Cohere's message follows its history.
        if text is not None and (not keys or keys == ["chat_history"]):
            self.read(text, depth + 1)
        elif not keys and isinstance(body.get("text"), str):
            self.read_text(body["text"])
        elif not keys and (inner := first(body, _WRAPPERS, (dict, list, str))):
            self.read(load(inner)[0], depth + 1)

    def read_list(self, items: list[Any], depth: int) -> None:
        """Read messages."""
        for message in items:
            if isinstance(message, dict):
                if self.enter(depth):
                    self._message(message, depth + 1)
            elif message:
                self.read(message, depth + 1)

    def _message(self, message: Mapping[str, Any], depth: int) -> None:
        if "role" not in message:
            message = _as_message(message)
        role = message["role"] if "role" in message else message.get("from")
        role = role.lower() if isinstance(role, str) else ""
        into = self._system if role in _SYSTEM_ROLES else self._turns
        said = message.get("content")
        if isinstance(said, str) and said[:1] == "[" and "".join(said[:64].split()).startswith('[{"type":'):
            message = {**message, "content": load(said)[0]}
            said = message["content"]
        # Most messages are a role and a text, and nothing else.
        if len(message) > 2 or not said or not isinstance(said, str):
            said = _said(message)
        if isinstance(said, str):
            into.append(said)
            if role in _USER_ROLES:
                self._last_user = (said,)
        else:
            texts = self.texts(said, depth)
            into += texts
            if role in _USER_ROLES:
                self._last_user = self._own_texts(said, texts, depth) or self._last_user
        for call in objects(message.get("tool_calls")):
            into += self.call(call)

    def _own_texts(self, said: Any, texts: Sequence[str], depth: int) -> Sequence[str]:
        """What a user message says itself: no results of tools, which the client adds without the user."""
        blocks = said if isinstance(said, list) else [said]
        if not any(map(is_result, blocks)):
            return texts
        return [text for block in blocks if not is_result(block) for text in Walk().texts(block, depth)]

    def _offered(self, body: Mapping[str, Any], depth: int) -> None:
        """Note the tools that a body offers."""
        config = body.get("toolConfig")
        inside = config.get("tools") if isinstance(config, dict) else None
        for tool in (*objects(body.get("tools")), *objects(body.get("functions")), *objects(inside)):
            if not self.enter(depth):
                return
            if schema := tool.get("tool.json_schema") or tool.get("tool"):  # OpenInference
                tool = load(schema.get("json_schema") if isinstance(schema, dict) else schema)[0]
                tool = tool if isinstance(tool, dict) else {}
            declared = objects(tool.get("functionDeclarations", tool.get("function_declarations")))
            for spec in (tool.get("function"), tool.get("toolSpec"), tool, *declared):
                self.note_tool(spec.get("name") if isinstance(spec, dict) else None)


def _said(message: Mapping[str, Any]) -> Any:
    """What a message says, without its own frame; an item that is no message (a call, a result) is its own content."""
    for key in _CONTENT_KEYS:
        if message.get(key) not in (None, ""):
            if key == "content" and "type" in message and str(message["type"]).lower() not in ("message", ""):
                return message
            return message[key]
    return None if "role" in message else message


def _as_message(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a message of OpenInference, LangChain or an old OpenTelemetry event with its role; all else as it is."""
    if any(key.startswith(_OPENINFERENCE) for key in event):
        return {key.removeprefix(_OPENINFERENCE): value for key, value in event.items()}
    if isinstance(inner := event.get("message"), dict) and "role" in inner:
        return inner
    kind = kind_of(event)
    if kind == "constructor" and isinstance(kwargs := event.get("kwargs"), dict):
        names = event.get("id")
        name = str(names[-1]) if isinstance(names, list) and names else kind_of(kwargs)
        return {**kwargs, "role": name.lower().removesuffix("chunk").removesuffix("message")}
    if kind in _LANGCHAIN:
        data = event.get("data")
        return {**(data if isinstance(data, dict) else event), "role": kind, "type": "message"}
    return _event_message(event)


def _event_message(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message of an OpenTelemetry event before 1.36 (``gen_ai.user.message``); all else as it is."""
    name = event.get("name", event.get("event.name"))
    if not isinstance(name, str) or not name.startswith(_EVENT):
        return event
    inside = event.get("attributes", event.get("body"))
    inside = load(inside)[0] if isinstance(inside, str) else inside
    inside = inside if isinstance(inside, dict) else event
    role = inside.get("role", name.removeprefix(_EVENT).partition(".")[0])
    found = inside.get("content", inside.get("gen_ai.event.content"))
    return {**inside, "role": role, "content": load(found)[0] if isinstance(found, str) else found}


def _session(body: Mapping[str, Any]) -> str | None:
    """The conversation's identifier where the client states one: in the body, or in its metadata."""
    for part in (body, body.get("metadata")):
        if not isinstance(part, dict) or _ANY_SESSION.isdisjoint(part):
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
