"""Null markers and words for withheld texts mean nothing, column by column, and are counted."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from distillscan.read import ReadOptions
from distillscan.read.canonical.nothing import MARKERS, UNMISTAKABLE
from tests.support.small_logs import T0, Outcome, csv_bytes, ndjson_bytes, parquet_bytes, read_bytes

FORMATS: Mapping[str, Callable[..., bytes]] = {
    "log.csv": csv_bytes,
    "log.ndjson": ndjson_bytes,
    "log.parquet": parquet_bytes,
}


def read(tmp_path: Path, name: str, *rows: Mapping[str, Any], options: ReadOptions | None = None) -> Outcome:
    complete = [{"timestamp": T0, "account_id": "a", **row} for row in rows]
    return read_bytes(tmp_path, name, FORMATS[name](complete), options)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("marker", sorted(MARKERS))
def test_a_marker_is_no_value_in_any_format(tmp_path: Path, name: str, marker: str) -> None:
    rows = [{"device_id": marker, "model": "m", "input_tokens": "5"}, {"device_id": "d", "model": marker}]
    found = read(tmp_path, name, *({"input_tokens": marker} | row for row in rows))
    assert found.values("device_id") == [None, "d"]
    assert found.values("model") == ["m", None]
    assert found.values("input_tokens") == [5, None]
    assert found.notes == tuple(
        f"{column}: {marker} means no value, in 1 rows" for column in ("device_id", "input_tokens", "model")
    )


def test_without_an_account_or_a_time_a_row_is_rejected_for_the_lack_of_it(tmp_path: Path) -> None:
    found = read(tmp_path, "log.csv", {"account_id": "NULL"}, {"account_id": "b"}, {"timestamp": "\\N"})
    assert found.reasons == [(0, "account_id missing"), (2, "timestamp missing")]
    nobody = read(tmp_path, "log.csv", {"account_id": "default_user_id"}, {"account_id": "b"})
    assert nobody.reasons == [(0, "account_id missing")]


def test_a_text_may_say_what_means_nothing_elsewhere(tmp_path: Path) -> None:
    for marker in sorted(MARKERS):
        found = read(tmp_path, "log.csv", {"prompt": marker}, {"prompt": "and NULL?"})
        assert found.values("prompt") == [None if marker in UNMISTAKABLE else marker, "and NULL?"]
        found = read(tmp_path, "log.csv", {"system_prompt": marker}, {"system_prompt": "Say none."})
        assert found.values("system_prompt") == [None, "Say none."]


def test_na_is_a_country(tmp_path: Path) -> None:
    found = read(tmp_path, "log.csv", {"country": "NA", "plan": "NA"}, {"country": "N/A", "plan": "pro"})
    assert (found.values("country"), found.values("plan")) == (["NA", None], [None, "pro"])


def test_the_analyst_adds_to_what_means_nothing(tmp_path: Path) -> None:
    rows = [{"device_id": "{none}", "prompt": "(empty)"}, {"device_id": "d", "prompt": "p"}]
    plain = read(tmp_path, "log.csv", *rows)
    assert (plain.values("device_id"), plain.notes) == (["{none}", "d"], ())
    told = read(tmp_path, "log.csv", *rows, options=ReadOptions(null_values=("{none}", "(empty)")))
    assert (told.values("device_id"), told.values("prompt")) == ([None, "d"], [None, "p"])
    assert told.notes == (
        "device_id: {none} means no value, in 1 rows",
        "prompt: (empty) means no value, in 1 rows",
    )


@pytest.mark.parametrize(
    "text",
    [
        "redacted-by-litellm", "[REDACTED]", "<redacted>", "REDACTED", "*** REDACTED ***", "[REDACTED_PROMPT]",
        "redacted by policy", "Content redacted", "[content removed]", "***", "xxxxxxxx", "[]", "{}", "[{}]", " [ ] ",
        "not logged", "(prompt not recorded)", "[FILTERED]\n\n[FILTERED]", "redacted-by-litellm\n\nredacted-by-litellm",
    ],
)  # fmt: skip
def test_words_for_a_withheld_text_are_no_text(tmp_path: Path, text: str) -> None:
    rows = [{"prompt": text, "response": "x"}, {"prompt": "Was it redacted?", "response": text}]
    found = read(tmp_path, "log.csv", *rows)
    assert found.values("prompt") == [None, "Was it redacted?"]
    assert found.values("response") == ["x", None]
    assert found.notes == tuple(
        f"{column}: 1 rows hold words for a text that was withheld: no text" for column in ("prompt", "response")
    )


@pytest.mark.parametrize(
    "text", ["Remove the hidden text", "hidden treasure?", "x", "**bold**", "[1]", "{a}", "Redacted documents: why?"]
)
def test_other_texts_are_kept(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, "log.csv", {"prompt": text})
    assert (found.values("prompt"), found.notes) == ([text], ())
