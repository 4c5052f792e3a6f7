"""Objects that Python and Athena printed are read as the objects they were."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.read.values.reprs import looks_printed, parse_repr, unquote

PLAIN = st.none() | st.booleans() | st.integers() | st.text()
VALUES = st.recursive(
    PLAIN, lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside) | st.lists(inside).map(tuple)
)


@given(st.lists(VALUES, max_size=4) | st.dictionaries(st.text(), VALUES, max_size=4))
def test_what_python_prints_is_what_it_was(value: Any) -> None:
    """Tuples come back as lists: JSON has nothing else."""
    assert parse_repr(repr(value)) == json.loads(json.dumps(value))


@given(st.text())
def test_quotation_marks_are_taken_off(text: str) -> None:
    whole = text.encode("utf-8", "ignore").decode()
    assert unquote(repr(whole)) == whole
    assert unquote(repr(whole.encode())) == whole


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[{'a': 1}\n {'a': 2}]", [{"a": 1}, {"a": 2}]),  # numpy
        ("[Item(a='x', b=[1, None]), Item()]", [{"a": "x", "b": [1, None]}, {}]),
        ("[SystemMessage(content='S'), HumanMessage(content='U')]",
         [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]),
        ("{'messages': array([{'role': 'user',\n  'content': 'U'}], dtype=object)}",
         {"messages": [{"role": "user", "content": "U"}]}),
        ("[Message(role='user', content='U'), (1, 2)]", [{"role": "user", "content": "U"}, [1, 2]]),
        ("{'at': datetime.datetime(2026, 7, 1)}", {"at": [2026, 7, 1]}),
        ("('a',)", ["a"]),
        ("{'a': '\\x41\\u00e9\\U0001F600\\n\\'\"'}", {"a": "Aé😀\n'\""}),
        ("{'x': nan, 'y': -1.5e3}", {"x": None, "y": -1500.0}),
    ],
)  # fmt: skip
def test_what_other_programs_print(text: str, expected: Any) -> None:
    assert parse_repr(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[{role=system, content=S}, {role=user, content=a, b={c}, d}]", [("system", "S"), ("user", "a, b={c}, d")]),
        ("[{content=S, role=system, name=null}, {content=U, role=user, name=null}]", [("system", "S"), ("user", "U")]),
        ("[{role=user, content=null}]", [("user", None)]),
    ],
)  # fmt: skip
def test_rows_of_athena(text: str, expected: list[tuple[str, str | None]]) -> None:
    assert looks_printed(text)
    assert [(one.get("role"), one.get("content")) for one in parse_repr(text)] == expected


def test_bodies_that_athena_printed() -> None:
    body = "{model=m, messages=[{role=user, content=[{type=text, text=U}, {type=text, text=V}]}], system=[{text=S, s}]}"
    assert parse_repr(body) == {"model": "m", "messages": [{"role": "user", "content": "U\n\nV"}], "system": "S, s"}
    assert parse_repr("{output={message={role=assistant, content=[{text=A}]}}, stopreason=end_turn}") == {
        "output": [{"role": "assistant", "content": "A"}],
        "stopreason": "end_turn",
    }


@pytest.mark.parametrize(
    "text", ["[{'a': 'b'}", "['a'", "]", "{'a': b}", "{x=1}", "[" * 100_000, "{'a': 'b'} and more", "", "[1 2 'x]"]
)
def test_what_cannot_be_read_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_repr(text)


@given(st.text() | st.text("[]{}(),:='\"\\ \nrole=content a1"))
def test_no_text_does_harm(text: str) -> None:
    with contextlib.suppress(ValueError):
        parse_repr(text)
    assert isinstance(looks_printed(text), bool)
    assert isinstance(unquote(text), str)
