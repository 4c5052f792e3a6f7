"""Where records end without parsing them: as the parsers see it, so that cutting a file changes nothing."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.read import ReadOptions, open_log
from distillscan.read.formats import csv as delimited
from distillscan.read.formats import json as ndjson
from distillscan.read.formats.scan import Range, as_array, hash_keys, lines, ranges, survey
from tests.support.small_logs import T0, csv_bytes, ndjson_bytes, read_bytes

TEXT = st.lists(st.sampled_from([b'"', b'"', b",", b"\n", b"\n", b"\r", b"a", b" ", b"\0", b'""']), max_size=40)


@given(st.lists(st.sampled_from([b"\n", b"\n", b" ", b"\t", b"\r", b"\x0b", b"x", b"{}"]), max_size=30))
def test_lines_that_are_not_blank(parts: list[bytes]) -> None:
    data = b"".join(parts)
    whole, newline, _ = data.rpartition(b"\n")
    assert lines(as_array(data)) == (sum(1 for line in whole.split(b"\n") if line.strip()), len(whole + newline))
    assert survey(data, hash_keys([])).lines == sum(1 for line in data.split(b"\n") if line.strip())


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def depth(value: Any) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inside is None else 1 + max(map(depth, inside), default=0)


@given(
    st.lists(st.dictionaries(st.text(max_size=5), JSON, max_size=5), max_size=5),
    st.sets(st.text(max_size=3)),
    st.booleans(),
    st.sampled_from([(",", ":"), (", ", " \t: ")]),
)
def test_a_survey_finds_keys_and_depth(
    records: list[dict[str, Any]], known: set[str], ascii_only: bool, separators: tuple[str, str]
) -> None:
    def spelled(key: str) -> bytes:
        return json.dumps(key, ensure_ascii=ascii_only)[1:-1].encode("utf-8", "surrogatepass")

    texts = [json.dumps(record, ensure_ascii=ascii_only, separators=separators) for record in records]
    found = survey("\n".join(texts).encode("utf-8", "surrogatepass"), hash_keys([spelled(key) for key in known]))
    keys = dict.fromkeys(key for record in records for key in record if key not in known)
    assert found.new_keys == tuple(map(spelled, keys))
    assert found.depth == max(map(depth, records), default=0)
    assert found.lines == len(records)


def test_a_survey_is_not_led_astray_by_broken_lines() -> None:
    found = survey(b'{"a": "open\n{"b":1}\n]]]]\n{"c\\"d" :1}\n{"e\n"f"', hash_keys([]))
    assert found == type(found)(6, 1, (b"a", b"b", b'c\\"d'))


def cut(data: bytes, begin: int, size: int) -> list[Range]:
    return list(ranges(lambda at, much: data[at : at + much], begin, len(data), lines, size))


def test_ranges_hold_whole_records() -> None:
    data = b"head\n" + b"".join(b"%03d\n" % at for at in range(100))
    found = cut(data, 5, 50)
    assert found[0] == Range(0, 53, 0, 12)
    assert found[-1].end_row is None
    assert [one.start for one in found[1:]] == [one.end for one in found[:-1]]
    for one in found[1:]:
        assert data[one.start : one.start + 3] == b"%03d" % one.first_row
    assert cut(data, 5, 1000) == [Range(0, 405, 0, None)]
    long = b"x" * 45 + b"\n" + b"y\n" * 30
    assert cut(long, 0, 20) == [Range(0, 80, 0, 18), Range(80, 100, 18, 28), Range(100, 106, 28, None)]
    assert cut(b"x" * 4000 + b"\n" + b"y\n" * 10, 0, 20) == [Range(0, 4021, 0, None)]


TEXTS = ('plain "quoted"', "two\nlines", "comma, \r\n", "", "é 漢", '"', "x" * 700)
ROWS = [{"timestamp": T0, "account_id": f"a{at}", "prompt": TEXTS[at * 7 % 11 % len(TEXTS)]} for at in range(400)]


@pytest.mark.parametrize("name", ["log.csv", "log.ndjson"])
def test_a_file_in_ranges_is_the_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "log.csv":
        content = csv_bytes(ROWS[:200]) + b"\nbroken\n\n" + csv_bytes(ROWS[200:]).partition(b"\n")[2]
    else:
        content = ndjson_bytes(ROWS[:200]) + b"\n \nbroken\n\n" + ndjson_bytes(ROWS[200:])
    options = ReadOptions(keep_rejects=True)
    whole = read_bytes(tmp_path, name, content, options)
    assert whole.frame.height == 400
    assert whole.reasons == [(200, "malformed record")]
    for module in (delimited, ndjson):
        monkeypatch.setattr(module, "RANGE", 3000)
    monkeypatch.setattr(delimited, "_BLOCK", 1000)
    cut_up = read_bytes(tmp_path, name, content, options)
    assert len(cut_up.batches) > 10
    assert cut_up.frame.equals(whole.frame)
    assert cut_up.rejects == whole.rejects
    assert cut_up.notes == whole.notes
    with open_log([str(tmp_path / name)]) as log:
        pointers = whole.frame.select("source", "row").sample(5, seed=1)
        for _ in range(2):
            # First the file is cut, then it is known where.
            again = log.fetch(pointers, ["account_id"]).join(whole.frame, on=["source", "row"], how="left")
            assert again["account_id"].to_list() == again["account_id_right"].to_list()
            assert [task.source for task in log.tasks()] == [0] * len(list(log.tasks()))


def test_hashes_of_keys_do_not_depend_on_their_order() -> None:
    assert np.array_equal(hash_keys([b"a", b"b", b"a"]), hash_keys([b"b", b"a"]))
    assert len(hash_keys([b"a", b"b", b"a"])) == 2
