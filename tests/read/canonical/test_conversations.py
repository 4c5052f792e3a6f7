"""Conversations in columns of prompts are read as such, so that the system prompt stands apart."""

import json
from pathlib import Path

import pytest

from distillscan.read import open_log
from tests.support.small_logs import T0, Outcome, csv_bytes, read_bytes

MESSAGES = [{"role": "system", "content": "Say it's so."}, {"role": "user", "content": 'Is "it" so?'}]
FORMS = {
    "JSON": json.dumps(MESSAGES),
    "a body": json.dumps({"model": "m", "messages": MESSAGES}),
    "encoded twice": json.dumps(json.dumps(MESSAGES)),
    "encoded three times": json.dumps(json.dumps(json.dumps(MESSAGES))),
    "encoded inside": json.dumps({"messages": json.dumps(MESSAGES)}),
    "a list of encoded messages": json.dumps([json.dumps(one) for one in MESSAGES]),
    "Python": repr(MESSAGES),
    "Python's bytes": repr(json.dumps(MESSAGES).encode()),
    "numpy": "[" + "\n ".join(map(repr, MESSAGES)) + "]",
    "LangChain": '[SystemMessage(content="Say it\'s so."), HumanMessage(content=\'Is "it" so?\')]',
    "Athena": '[{role=system, content=Say it\'s so.}, {role=user, content=Is "it" so?}]',
    "encoded blocks": json.dumps(
        [MESSAGES[0], {"role": "user", "content": json.dumps([{"type": "text", "text": 'Is "it" so?'}])}]
    ),
}


def read(tmp_path: Path, **columns: str) -> Outcome:
    return read_bytes(tmp_path, "log.csv", csv_bytes([{"timestamp": T0, "account_id": "a", **columns}]))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("column", ["prompt", "messages"])
def test_the_system_prompt_stands_apart_in_every_form(tmp_path: Path, form: str, column: str) -> None:
    found = read(tmp_path, **{column: FORMS[form]})
    assert (found.values("system_prompt"), found.values("prompt")) == (["Say it's so."], ['Is "it" so?'])
    assert "prompt: 1 rows hold whole conversations, which are read as such" in found.notes


def test_a_system_prompt_of_its_own_column_wins(tmp_path: Path) -> None:
    assert read(tmp_path, prompt=FORMS["JSON"], system_prompt="Own").values("system_prompt") == ["Own"]


@pytest.mark.parametrize(
    "text",
    ["[1] what is a list?", '{"a": 1}', "plain", '[{"role": "user", "content": "cut', "{'a': 1}", "[x](y)", '"q"'],
)
def test_other_texts_stay_as_they_are(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, prompt=text).values("prompt") == [text]


def test_answers_of_vendors_are_read_and_answers_in_json_are_not(tmp_path: Path) -> None:
    body = json.dumps({"id": "1", "choices": [{"message": {"role": "assistant", "content": "Yes."}}]})
    assert read(tmp_path, response=body).values("response") == ["Yes."]
    assert read(tmp_path, response='{"content": "Yes."}').values("response") == ['{"content": "Yes."}']


def test_single_rows_are_read_in_the_same_way(tmp_path: Path) -> None:
    found = read(tmp_path, prompt=FORMS["Python"])
    with open_log([str(tmp_path / "log.csv")]) as log:
        assert log.fetch(found.frame, ["system_prompt"])["system_prompt"].to_list() == ["Say it's so."]
        assert log.fetch(found.frame, ["prompt"])["prompt"].to_list() == ['Is "it" so?']
