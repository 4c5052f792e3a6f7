"""Lines of pairs (logfmt) are records, alone and inside the records of others."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.read.formats.pairs import are_pairs, pairs_as_json
from tests.support.small_logs import read_bytes

PAIRS = (
    "level=info ts=2026-07-01T03:00:0{}Z caller=proxy.go:88 user=ann client_ip=203.0.113.7:51{} model=m "
    'prompt="Say \\"hi\\", a=b\\n{}" input_tokens={}'
)
LINES = [PAIRS.format(at, at, at, at) for at in range(5)]
OTHER = ["starting on :8080", "level=info msg=ready", ""]


def wrapped(line: str) -> str:
    return json.dumps({"log": f"{line}\n", "stream": "stdout", "time": "2026-07-01T03:00:00Z"})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("gateway.log", "\n".join(LINES)),
        ("gateway.txt", "\n".join([*OTHER, *LINES])),
        ("docker.json", "\n".join(map(wrapped, [*OTHER[:2], *LINES]))),
        ("pod.log", "\n".join(f"2026-07-01T03:00:00Z stdout F {line}" for line in [*OTHER[:2], *LINES])),
    ],
)
def test_every_line_with_pairs_is_a_record(tmp_path: Path, name: str, content: str) -> None:
    found = read_bytes(tmp_path, name, content.encode())
    assert found.values("prompt") == [f'Say "hi", a=b\n{at}' for at in range(5)]
    assert found.values("input_tokens") == list(range(5))
    assert set(found.values("account_id")) == {"ann"}
    assert set(found.values("ip")) == {"203.0.113.7"}
    assert (found.rejects, [moment.second for moment in found.values("timestamp")]) == ([], list(range(5)))
    left_out = 0 if name == "gateway.log" else 2
    assert any(f"{left_out} lines of other output" in note for note in found.notes) == (left_out > 0)


def test_the_time_before_the_pairs_counts_if_there_is_none_in_them(tmp_path: Path) -> None:
    found = read_bytes(tmp_path, "x.log", b"2026-07-01 03:00:00,123 INFO gateway: user=ann model=m status=200\n")
    assert [moment.isoformat() for moment in found.values("timestamp")] == ["2026-07-01T03:00:00.123000+00:00"]


@pytest.mark.parametrize(
    "line",
    [
        "a=1 b=2",
        "a, b, c=1 d=2 e=3 x\t",
        "GET /x?a=1&b=2&c=3",
        "f(a=1, b=2, c=3)",
        '{"a": "x=1 y=2 z=3"}',
        "1=2 3=4 5=6",
        "",
    ],
)
def test_what_is_no_line_of_pairs(line: str) -> None:
    assert not are_pairs([line.encode()])


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), st.text(), min_size=3))
def test_quoted_values_are_what_was_written(pairs: dict[str, str]) -> None:
    line = " ".join(f"{name}={json.dumps(value)}" for name, value in pairs.items())
    assert json.loads(pairs_as_json(line) or "null") == pairs
