"""Request and response bodies of every vendor's shape, changed in their structure and their text, and read.

Run as a script for many more bodies than the test suite tries:

    python tests/fuzz/fuzzing_messages.py --inputs 20000 --seed 1

What is looked for: an exception, more than two seconds, text that no UTF-8 can hold or that is longer than the bounds
say, another answer for JSON text than for the value it stands for, and rows of a log that change or are lost because
of what stands in their bodies.
"""

import argparse
import copy
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from distillscan.read import ReadOptions, open_log
from distillscan.read.bodies.content import CUT, MAX_CHARS, MAX_TOOLS
from distillscan.read.bodies.request import content, extract
from distillscan.read.bodies.response import answer
from distillscan.read.bodies.tools import image_counts, tool_names
from distillscan.read.canonical.nothing import Blanks
from distillscan.read.notes import Notes

SECONDS_PER_BODY = 2.0
#: Bodies that are also read as one log.
ROWS = 50
_CALL = {"type": "function", "function": {"name": "look", "arguments": '{"q":1}'}}
_IMAGE = {"type": "image_url", "image_url": {"url": "data:x"}}

SEEDS: dict[str, Any] = {
    "openai": {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "First"}, _IMAGE]},
            {"role": "assistant", "content": None, "tool_calls": [_CALL]},
            {"role": "tool", "content": "seen"},
        ],
        "tools": [_CALL],
        "metadata": {"session_id": "s"},
    },
    "responses": {
        "instructions": "Be brief.",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "First"}, {"type": "input_image"}]},
            {"type": "reasoning", "encrypted_content": "sig"},
            {"type": "function_call", "name": "look", "arguments": "{}"},
            {"type": "function_call_output", "output": "seen"},
        ],
        "conversation": {"id": "c"},
    },
    "anthropic": {
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [
            {"role": "user", "content": [{"type": "image", "source": {"media_type": "image/png", "data": "x"}}]},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "h", "signature": "sig"}]},
            {"role": "user", "content": [{"type": "tool_result", "content": [{"type": "text", "text": "seen"}]}]},
        ],
        "metadata": {"user_id": "user_1_account_2_session_3"},
    },
    "converse": {
        "system": [{"text": "Be brief."}],
        "messages": [
            {"role": "user", "content": [{"text": "First"}, {"image": {"format": "png"}}]},
            {"role": "assistant", "content": [{"toolUse": {"name": "look", "input": {"q": 1}}}]},
            {"role": "user", "content": [{"toolResult": {"content": [{"text": "seen"}]}}]},
        ],
        "toolConfig": {"tools": [{"toolSpec": {"name": "look"}}]},
    },
    "gemini": {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "First"}, {"inlineData": {"mimeType": "image/png"}}]},
            {"role": "model", "parts": [{"functionCall": {"name": "look"}, "thoughtSignature": "sig"}]},
        ],
        "tools": [{"functionDeclarations": [{"name": "look"}]}],
    },
    "otel": [
        {"role": "user", "parts": [{"type": "text", "content": "First"}, {"modality": "image"}]},
        {"role": "assistant", "parts": [{"type": "tool_call", "name": "look", "arguments": {"q": 1}}]},
        {"name": "gen_ai.user.message", "attributes": {"content": '"First"'}},
    ],
    "openinference": [
        {"message.role": "system", "message.content": "S"},
        {
            "message.role": "user",
            "message.contents": [{"message_content.type": "text", "message_content.text": "First"}],
        },
        {"message": {"role": "assistant", "tool_calls": [{"tool_call": {"function": {"name": "look"}}}]}},
        {"message.tool_calls": [{"tool_call.function.name": "look", "tool_call.function.arguments": "{}"}]},
    ],
    "langchain": {
        "messages": [[{"lc": 1, "type": "constructor", "id": ["HumanMessage"], "kwargs": {"content": "First"}}]],
        "tools": [{"tool.json_schema": '{"name": "look"}'}, {"tool": {"json_schema": {"name": "look"}}}],
    },
    "athena": "{messages=[{role=user, content=[{text=First}]}], system=[{text=S}], model=m}",
    "cohere": {"preamble": "S", "chat_history": [{"role": "USER", "message": "First"}], "message": "Second"},
    "titan": {"inputText": "First"},
    "wrapped": {"proxy_server_request": {"body": {"messages": [{"role": "user", "content": "First"}]}}},
    "answer": {"choices": [{"message": {"role": "assistant", "content": "A"}, "finish_reason": "stop"}]},
    "stream": [{"delta": {"text": "A"}}, {"messageStop": {"stopReason": "end_turn"}}],
    "text": "First, plain.",
}
#: Keys that mean something in one shape or another: a change puts them where they do not belong.
KEYS = sorted(
    {"role", "type", "text", "name", "function", "parts", "value", "json", "output", "result", "kwargs", "signature"}
    | {
        "attributes",
        "from",
        "event.name",
        "source",
        "image",
        "toolUse",
        "functionCall",
        "content",
        "messages",
        "prompt",
    }
    | {key for seed in SEEDS.values() if isinstance(seed, dict) for key in seed}
)
_DEEP = 90_000


def _scalar(rng: random.Random) -> Any:
    kinds = (
        *(None, True, 0, -1, 10**30, 1.5e300, "", "user", "system", "tool_use", "image", "thinking", "\ud800", "\0"),
        *("x" * 70_000, "[" * 2_000, '{"role":"user","content":"in text"}', '"twice"', "é 漢 \u202e", "a,b;c|d\n"),
    )
    return rng.choice(kinds)


def _places(value: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Every container and key of it, outside first."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        found.append((value, key))
        _places(below, found)
    return found


def _nested(value: Any, rng: random.Random) -> Any:
    for _ in range(rng.choice((1, 3, 30))):
        value = [value] if rng.random() < 0.4 else {rng.choice(KEYS): value}
    return value


def change(body: Any, rng: random.Random) -> Any:
    """Return a body changed in a few places: values put in, taken out, doubled, wrapped, encoded, renamed, swapped."""
    body = [copy.deepcopy(body)]
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        holder, key = rng.choice(_places(body, [])[:500])
        kind = rng.randrange(9)
        value = holder[key]
        if kind == 0:
            holder[key] = _scalar(rng)
        elif kind == 1:
            holder[key] = _nested(value, rng)
        elif kind == 2:
            holder[key] = json.dumps(value)
        elif kind == 3:
            holder[key] = [value] * rng.choice((0, 2, 50))
        elif kind == 4:
            holder[key] = copy.deepcopy(SEEDS[rng.choice(sorted(SEEDS))])
        elif kind == 5 and isinstance(holder, dict):
            holder[rng.choice(KEYS)] = holder.pop(key)
        elif kind == 6 and isinstance(holder, dict):
            holder[rng.choice(KEYS)] = _scalar(rng)
        elif kind == 7 and holder is not body:
            del holder[key]
        else:
            other, at = rng.choice(_places(body, [])[:500])
            holder[key] = copy.deepcopy(other[at])
    return body[0]


def number(seed: int, at: int) -> tuple[str, Any]:
    """Body number ``at`` of a run: the shape it was, and the value or the text it has become."""
    rng = random.Random(f"messages-{seed}-{at}")
    name = rng.choice(sorted(SEEDS))
    body = change(SEEDS[name], rng)
    if rng.random() < 0.6:
        return name, body
    text = json.dumps(body, ensure_ascii=rng.random() < 0.5)
    kind = rng.random()
    if kind < 0.3:
        text = text[: rng.randrange(len(text) + 1)]
    elif kind < 0.6:
        where = rng.randrange(len(text) + 1)
        text = (
            text[:where]
            + rng.choice(('"', "\\", "{", "]", "\0", "\ud800", "[" * _DEEP, '{"a":' * _DEEP))
            + text[where:]
        )
    elif kind < 0.7:
        text = "[" * _DEEP + text + "]" * _DEEP
    return name, text


def check(body: Any) -> str:
    """Read one body in every way, and return a word for what came.

    Raises:
        AssertionError: If a text cannot be stored, a bound is passed, or text and value give different answers.
    """
    since = time.process_time()
    found, said = extract(body), answer(body)
    system, _ = content(body)
    text = body if isinstance(body, str) else json.dumps(body)
    cells = pl.Series([_storable(text)])
    tools, images = tool_names(cells)[0], image_counts(cells)[0]
    took = time.process_time() - since
    texts = [found.system_prompt, found.prompt, found.last_user, found.session_id, found.reasoning_signature]
    for one in (*texts, *found.tools, said.response, said.stop_reason, system, tools):
        assert one is None or (one.encode() and len(one) <= MAX_CHARS)
    assert len(found.tools) <= MAX_TOOLS
    assert images is None or isinstance(images, int)
    assert took < SECONDS_PER_BODY, f"took {took:.1f} s"
    if isinstance(body, dict | list):
        assert (extract(text), answer(text)) == (found, said), "text and value differ"
    if CUT in (found.problem, said.problem):
        return "read up to a bound"
    if found.prompt or found.system_prompt or said.response:
        return "read"
    return "nothing in it" if found.problem is None else "told why not"


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def check_log(bodies: Sequence[Any], folder: Path) -> None:
    """Read bodies as the column of a log, and compare with each by itself.

    Raises:
        AssertionError: If a row is lost, or holds something else.
    """
    schema, path = folder / "fuzz.toml", folder / "log.csv"
    schema.write_text(
        'name = "fuzz"\nsummary = "s"\n[columns]\ntimestamp = "t"\naccount_id = "a"\n'
        '[body]\nrequest = "b"\nresponse = "r"\n'
    )
    texts = [_storable(body if isinstance(body, str) else json.dumps(body)).replace("\0", "") for body in bodies]
    frame = pl.DataFrame({"t": range(1767355200, 1767355200 + len(texts)), "a": "u", "b": texts, "r": texts})
    frame.write_csv(path, quote_style="always")
    with open_log([str(path)], ReadOptions(schema=str(schema), carried=True)) as log:
        rows = pl.concat([batch.frame for task in log.tasks() for batch in task()])
    assert rows.height == len(texts), f"{len(texts) - rows.height} rows are lost"
    for text, prompt, images in zip(texts, rows["prompt"], rows["images"], strict=True):
        alone = extract(text) if text.strip() not in ("", "{}", "[]", "null", '""') else extract(None)
        # Texts of nothing but brackets, and null markers, are none.
        shown = Blanks().in_text("prompt", pl.Series([alone.prompt], dtype=pl.String), Notes(), (0, 0))[0]
        assert (shown, alone.images) == (prompt, images or 0), "a row differs from its body"


def run(inputs: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Try many bodies; return how often each outcome came, and the failures with their numbers."""
    tally: Counter[str] = Counter()
    failures: list[str] = []
    waiting: list[Any] = []
    with tempfile.TemporaryDirectory() as folder:
        for at in range(inputs):
            name, body = number(seed, at)
            waiting.append(body)
            try:
                tally[check(body)] += 1
                if len(waiting) == ROWS or at == inputs - 1:
                    check_log(waiting, Path(folder))
                    waiting = []
            except Exception as error:
                tally["FAILED"] += 1
                failures.append(f"body {at} ({name}): {type(error).__name__}: {str(error)[:300]}")
                waiting = []
    return tally, failures


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Read changed bodies; exit with 1 if any reading fails.")
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    since = time.monotonic()
    tally, failures = run(chosen.inputs, chosen.seed)
    for line in (*(f"{count:8,}  {what}" for what, count in sorted(tally.items())), *failures[:100]):
        sys.stdout.write(line + "\n")
    sys.stdout.write(f"{chosen.inputs:,} bodies, {len(failures):,} failures, {time.monotonic() - since:.0f} s\n")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
