"""What was asked and answered, in every vendor's shape, and that nothing in a log can make the search fail."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distillscan.read.bodies import request as messages_module
from distillscan.read.bodies.content import CUT, MAX_CHARS, MAX_DEPTH, MAX_TOOLS
from distillscan.read.bodies.request import BROKEN, NO_MESSAGES, TOO_LONG, Extracted, content, extract
from distillscan.read.bodies.response import Answer, answer
from distillscan.read.values.jsontext import follow, join_path, split_path

OPENAI = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Use tools."}]},
        {"role": "user", "content": "First"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "1", "function": {"name": "look", "arguments": '{"q":1}'}}],
        },
        {"role": "tool", "tool_call_id": "1", "content": "seen"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Second"}, {"type": "image_url", "image_url": {"url": "data:x"}}],
        },
    ],
    "tools": [{"type": "function", "function": {"name": "look"}}, {"type": "function", "function": {"name": "go"}}],
    "metadata": {"session_id": "s1"},
}
RESPONSES = {
    "instructions": "Be brief.",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "First"}]},
        {"type": "reasoning", "encrypted_content": "sig", "summary": []},
        {"type": "function_call", "name": "look", "arguments": "{}", "call_id": "c"},
        {"type": "function_call_output", "call_id": "c", "output": "seen"},
        {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": "data:x"}]},
    ],
    "tools": [{"type": "function", "name": "look"}],
    "conversation": {"id": "conv_1"},
}
ANTHROPIC = {
    "system": [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "First"}]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hidden", "signature": "sig1"},
                {"type": "thinking", "thinking": "hidden", "signature": "sig2"},
                {"type": "tool_use", "id": "t", "name": "look", "input": {"q": 1}},
            ],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "seen"}]}],
        },
    ],
    "metadata": {"user_id": "user_1_account_2_session_3"},
}
CONVERSE = {
    "system": [{"text": "Be brief."}],
    "messages": [
        {"role": "user", "content": [{"text": "First"}, {"image": {"format": "png", "source": {"bytes": "x"}}}]},
        {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "hidden", "signature": "sig"}}},
                {"toolUse": {"toolUseId": "t", "name": "look", "input": {"q": 1}}},
            ],
        },
        {"role": "user", "content": [{"toolResult": {"toolUseId": "t", "content": [{"text": "seen"}]}}]},
    ],
    "toolConfig": {"tools": [{"toolSpec": {"name": "look"}}]},
}
GEMINI = {
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "contents": [
        {"role": "user", "parts": [{"text": "First"}, {"inlineData": {"mimeType": "image/png", "data": "x"}}]},
        {"role": "model", "parts": [{"functionCall": {"name": "look", "args": {}}, "thoughtSignature": "sig"}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "look", "response": {"text": "seen"}}}]},
    ],
    "tools": [{"functionDeclarations": [{"name": "look"}, {"name": "go"}]}],
}
OTEL = [
    {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
    {"role": "user", "parts": [{"type": "text", "content": "First"}, {"type": "blob", "modality": "image"}]},
    {"role": "assistant", "parts": [{"type": "tool_call", "id": "t", "name": "look", "arguments": {"q": 1}}]},
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "t", "response": "seen"}]},
]
EVENTS = [
    {"name": "gen_ai.system.message", "attributes": {"content": "Be brief."}},
    {"name": "gen_ai.user.message", "attributes": {"content": '"First"'}},
    {"event.name": "gen_ai.user.message", "body": '{"content": "Second"}'},
]
COHERE = {
    "preamble": "Be brief.",
    "chat_history": [{"role": "USER", "message": "First"}, {"role": "CHATBOT", "message": "Yes"}],
    "message": "Second",
}

SHAPES = {
    "openai": (
        OPENAI,
        Extracted(
            "Be brief.\n\nUse tools.",
            'First\n\nlook {"q":1}\n\nseen\n\nSecond',
            "Second",
            "s1",
            ("go", "look"),
            images=1,
        ),
    ),
    "responses": (
        RESPONSES,
        Extracted(
            "Be brief.", "First\n\nlook {}\n\nseen", "First", "conv_1", ("look",), images=1, reasoning_signature="sig"
        ),
    ),
    "responses, text": ({"input": "First", "instructions": "S"}, Extracted("S", "First", "First")),
    "anthropic": (
        ANTHROPIC,
        Extracted(
            "Be brief.\n\nBe kind.",
            'First\n\nlook {"q":1}\n\nseen',
            "First",
            "3",
            ("look",),
            reasoning_signature="sig1",
        ),
    ),
    "converse": (
        CONVERSE,
        Extracted(
            "Be brief.", 'First\n\nlook {"q":1}\n\nseen', "First", None, ("look",), images=1, reasoning_signature="sig"
        ),
    ),
    "gemini": (
        GEMINI,
        Extracted(
            "Be brief.", "First\n\nlook {}\n\nseen", "First", None, ("go", "look"), images=1, reasoning_signature="sig"
        ),
    ),
    "otel parts": (
        OTEL,
        Extracted("Be brief.", 'First\n\nlook {"q":1}\n\nseen', "First", None, ("look",), images=1),
    ),
    "otel events": (EVENTS, Extracted("Be brief.", "First\n\nSecond", "Second")),
    "cohere": (COHERE, Extracted("Be brief.", "First\n\nYes\n\nSecond", "Second")),
    "titan": ({"inputText": "First", "textGenerationConfig": {}}, Extracted(None, "First", "First")),
    "llama": ({"prompt": "First", "max_gen_len": 9}, Extracted(None, "First", "First")),
    "completions": ({"prompt": ["First", "Second"]}, Extracted(None, "First\n\nSecond", "Second")),
    "openinference": (
        [
            {"message.role": "system", "message.content": "Be brief."},
            {
                "message.role": "user",
                "message.contents": [
                    {"message_content.type": "text", "message_content.text": "First"},
                    {"message_content.type": "image", "message_content.image.image.url": "u"},
                ],
            },
            {
                "message.role": "assistant",
                "message.tool_calls": [
                    {"tool_call.function.name": "look", "tool_call.function.arguments": "{}"},
                ],
            },
        ],
        Extracted("Be brief.", "First\n\nlook {}", "First", None, ("look",), images=1),
    ),
    "openinference, nested": (
        [
            {"message": {"role": "system", "content": "S"}},
            {"message": {"role": "user", "contents": [{"message_content": {"type": "text", "text": "First"}}]}},
            {"message": {"role": "assistant", "tool_calls": [{"tool_call": {"function": {"name": "look"}}}]}},
        ],
        Extracted("S", "First\n\nlook", "First", None, ("look",)),
    ),
    "openinference tools": (
        {
            "prompt": "First",
            "tools": [
                {"tool.json_schema": json.dumps({"function": {"name": "a"}})},
                {"tool": {"json_schema": {"name": "b"}}},
                {"tool": 7},
            ],
        },
        Extracted(None, "First", "First", None, ("a", "b")),
    ),
    "langchain": (
        {
            "messages": [
                [
                    {"lc": 1, "type": "constructor", "id": ["langchain", "SystemMessage"], "kwargs": {"content": "S"}},
                    {
                        "lc": 1,
                        "type": "constructor",
                        "id": ["HumanMessage"],
                        "kwargs": {"content": "First", "type": "human"},
                    },
                    {"type": "constructor", "kwargs": {"content": "Yes", "type": "ai"}},
                    {"type": "human", "content": "Second"},
                    {"type": "system", "data": {"content": "T"}},
                ]
            ]
        },
        Extracted("S\n\nT", "First\n\nYes\n\nSecond", "Second"),
    ),
    "langchain prompts": ({"prompts": ["First"]}, Extracted(None, "First", "First")),
    "empty messages": ({"messages": ["First", "", None, {}]}, Extracted(None, "First", "First")),
    "sharegpt": ([{"from": "human", "value": "First"}], Extracted(None, "First", "First")),
    "wrapped": ({"request": {"body": json.dumps({"prompt": "First"})}}, Extracted(None, "First", "First")),
    "one message": ({"role": "user", "content": "First"}, Extracted(None, "First", "First")),
    "text key": ({"text": "First"}, Extracted(None, "First", "First")),
    "messages and prompt": (
        {"messages": [{"role": "user", "content": "First"}], "prompt": "First"},
        Extracted(None, "First", "First"),
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("how", ["object", "text", "text twice"])
def test_shapes(shape: str, how: str) -> None:
    body, expected = SHAPES[shape]
    given_as: Any = body if how == "object" else json.dumps(body)
    assert extract(json.dumps(given_as) if how == "text twice" else given_as) == expected


@pytest.mark.parametrize("nothing", [None, "", "{}", "[]", {}, []])
def test_nothing_stored_is_no_failure(nothing: Any) -> None:
    assert extract(nothing) == Extracted()


@pytest.mark.parametrize(
    "text", ["[1] is a footnote", "{name}, write about {topic}", '"quoted', "plain", "[/INST] =cmd()", "{" * 5000]
)
def test_text_that_is_no_json_is_the_prompt(text: str) -> None:
    assert extract(text) == Extracted(None, text, text)


@pytest.mark.parametrize("text", ['{"messages":[{"role":"user","content":"cut o', '[{"role": "user"', ' [{"parts": ['])
def test_a_body_that_was_cut_off_is_no_prompt(text: str) -> None:
    assert extract(text) == Extracted(problem=BROKEN)
    assert answer(text) == Answer(problem=BROKEN)
    assert content(text) == (None, BROKEN)


@pytest.mark.parametrize("value", [{"model": "m"}, {"a": {"b": 1}}, 7, True, [[], 3, None], {"messages": "", "x": 1}])
def test_json_without_messages_says_so(value: Any) -> None:
    assert extract(value) == Extracted(problem=NO_MESSAGES)


def test_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages_module, "MAX_JSON", 10)
    assert extract("x" * 11) == Extracted(problem=TOO_LONG)
    assert extract("x" * 10).prompt == "x" * 10


def test_bounds() -> None:
    deep: Any = "bottom"
    for _ in range(MAX_DEPTH + 2):
        deep = [deep]
    assert extract({"messages": [{"role": "user", "content": deep}]}) == Extracted(problem=CUT)
    long = extract({"prompt": "y" * (MAX_CHARS + 5)})
    assert (len(long.prompt or ""), len(long.last_user or ""), long.problem) == (MAX_CHARS, MAX_CHARS, CUT)
    many = extract({"prompt": "p", "tools": [{"name": f"t{i:04}"} for i in range(MAX_TOOLS + 9)]})
    assert (len(many.tools), many.tools[-1]) == (MAX_TOOLS, f"t{MAX_TOOLS - 1:04}")
    wide = extract(["w"] * 300_000)
    assert wide.problem == CUT
    assert len(wide.prompt or "") <= MAX_CHARS
    assert extract("[" * 100_000 + "]" * 100_000).prompt is not None  # no JSON for Python: taken as text


def test_lone_surrogates_become_text_that_can_be_stored() -> None:
    found = extract('{"messages": [{"role": "user", "content": "a\\ud800b"}], "tools": [{"name": "\\udfff"}]}')
    assert (found.prompt, found.last_user, found.tools) == ("a\ufffdb", "a\ufffdb", ("\ufffd",))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *(
                        "messages",
                        "role",
                        "content",
                        "parts",
                        "type",
                        "text",
                        "input",
                        "tools",
                        "function",
                        "name",
                        "system",
                    ),
                    *("tool_calls", "toolConfig", "contents", "prompt", "metadata", "user_id", "toolUse", "toolResult"),
                    *(
                        "event.name",
                        "attributes",
                        "body",
                        "thinking",
                        "signature",
                        "choices",
                        "delta",
                        "output",
                        "image",
                    ),
                    *(
                        "inlineData",
                        "reasoningContent",
                        "functionDeclarations",
                        "chat_history",
                        "message",
                        "stop_reason",
                    ),
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=5,
        )
    ),
    max_leaves=40,
)


@settings(max_examples=400, deadline=None)
@given(JSON | st.text())
def test_never_raises_and_texts_can_be_stored(value: Any) -> None:
    for form in (value, json.dumps(value)):
        found, said = extract(form), answer(form)
        texts = [found.system_prompt, found.prompt, found.last_user, found.session_id, found.reasoning_signature]
        for text in [*texts, *found.tools, said.response, said.stop_reason, content(form)[0]]:
            assert text is None or (text.encode() and len(text) <= MAX_CHARS)
        assert extract(form) == found


@given(st.lists(st.text("ab", min_size=1, max_size=5), min_size=1, max_size=6))
def test_turns_come_oldest_first_and_grow_with_the_conversation(turns: list[str]) -> None:
    roles = ("user", "assistant")
    said = [{"role": roles[at % 2], "content": text} for at, text in enumerate(turns)]
    whole, part = extract({"messages": said}), extract({"messages": said[:-1]})
    assert whole.prompt == "\n\n".join(turns)
    assert whole.prompt.startswith(part.prompt or "")
    assert whole.last_user == turns[(len(turns) - 1) // 2 * 2]


@pytest.mark.parametrize(
    ("body", "text", "stop"),
    [
        ({"choices": [{"message": {"role": "assistant", "content": "A"}, "finish_reason": "stop"}]}, "A", "stop"),
        ({"choices": [{"text": "A", "finish_reason": "length"}]}, "A", "length"),
        ({"content": [{"type": "text", "text": "A"}, {"type": "tool_use", "name": "f", "input": {}}],
          "stop_reason": "tool_use"}, "A\n\nf {}", "tool_use"),
        ({"content": [{"type": "thinking", "thinking": "T"}, {"type": "text", "text": "A"}]}, "A", None),
        ({"output": {"message": {"role": "assistant", "content": [{"text": "A"}]}}, "stopReason": "end_turn"},
         "A", "end_turn"),
        ({"output": [{"type": "reasoning"}, {"type": "message", "content": [{"type": "output_text", "text": "A"}]}]},
         "A", None),
        ({"results": [{"outputText": "A", "completionReason": "FINISH"}]}, "A", "FINISH"),
        ({"generation": "A", "stop_reason": "stop"}, "A", "stop"),
        ({"generations": [[{"text": "A", "message": {"type": "constructor", "kwargs": {"content": "A"}}}]]}, "A", None),
        ([{"message.role": "assistant", "message.content": "A"}], "A", None),
        ([{"message": {"role": "assistant", "contents": [{"message_content": {"text": "A"}}]}}], "A", None),
        ([json.dumps({"candidates": [{"content": {"parts": [{"text": text}]}}]}) for text in "AB"], "AB", None),
        (['{"a": 1', "B"], '{"a": 1\n\nB', None),
        ({"candidates": [{"content": {"parts": [{"text": "A"}]}, "finishReason": "SAFETY"}]}, "A", "SAFETY"),
        ([{"role": "assistant", "parts": [{"type": "text", "content": "A"}], "finish_reason": "stop"}], "A", "stop"),
        ([{"type": "message_start", "message": {"content": []}},
          {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "A"}},
          {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "B"}},
          {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}}], "AB", "max_tokens"),
        ([{"contentBlockDelta": {"delta": {"text": "A"}}}, {"contentBlockDelta": {"delta": {"text": "B"}}},
          {"messageStop": {"stopReason": "end_turn"}}], "AB", "end_turn"),
        ([{"choices": [{"delta": {"content": "A"}}]}, {"choices": [{"delta": {"content": "B"}}]}], "AB", None),
        ("plain", "plain", None),
        ({"error": {"code": 1}}, None, None),
    ],
)  # fmt: skip
def test_answers(body: Any, text: str | None, stop: str | None) -> None:
    assert answer(body) == Answer(text, stop)
    if not isinstance(body, str):
        assert answer(json.dumps(body)) == Answer(text, stop)


def test_a_system_prompt_by_itself() -> None:
    assert content('[{"type":"text","content":"A"},{"type":"text","content":"B"}]') == ("A\n\nB", None)
    assert content("You are kind.") == ("You are kind.", None)
    assert content(None) == (None, None)


RECORD = {"a": {"b": [{"k": "x.y", "v": 1}, {"k": "z", "v": 2}], "p.q": {"r": 3}}, "t": '{"n":[5]}'}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b[0].v", 1),
        ("a.b[-1].v", 2),
        ("a.b[2].v", None),
        ("a.b[k=x.y].v", 1),
        ("a.b[k=none].v", None),
        ("a.b[*].v", [1, 2]),
        ("a.b[*].w", None),
        ("a[0]", None),
        ("a.p.q", {"r": 3}),
        ("t.n[0]", 5),
    ],
)
def test_paths(path: str, value: Any) -> None:
    assert follow(RECORD, split_path(path)) == value
    assert join_path(split_path(path)) == path


@pytest.mark.parametrize("path", ["", "a.", ".a", "a..b", "a[", "a[x]", "a[=b]", "a[]"])
def test_paths_that_mean_nothing(path: str) -> None:
    with pytest.raises(ValueError, match=r"a step is empty|in brackets"):
        split_path(path)
