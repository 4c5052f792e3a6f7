"""The result document as plain JSON types, in the order of the published schema."""

import json
from dataclasses import fields
from typing import Any

import jsonschema
import pytest

from distillscan.report.document import schema
from distillscan.result import (
    FAMILIES,
    SCHEMA_VERSION,
    SEVERITIES,
    Cluster,
    DetectorRun,
    Evidence,
    Explanation,
    Input,
    Population,
    Rejected,
    Result,
    Template,
    Weight,
)

CLUSTER = Cluster(
    cluster_id="payment-00000000ab",
    rank=1,
    severity="high",
    score=0.9,
    coordination=0.95,
    extraction=0.947,
    summary="linked by content and identity evidence",
    accounts=2,
    account_ids=("a", "b"),
    requests=12,
    first_seen="2026-04-01T00:00:00Z",
    last_seen="2026-04-02T00:00:00Z",
    weights=(Weight("coordination", "prior", -10.0),),
    evidence=(Evidence("d", "content", "coordination", 3.5, "text", {"list": [1, (2, 3)], "map": {"k": (4,)}}),),
    templates=(Template("00ab", "say {...}", "prompt", 2, 0.5, 0),),
    capabilities={"models": [{"model": "m1", "requests": 12, "share": 1.0}], "input_tokens": 1, "output_tokens": 2},
    infrastructure={"ip": {"distinct": 0, "top": ()}},
    timeline=({"date": "2026-04-01", "requests": 12, "accounts": 2},),
    benign_explanations=(Explanation("an event", "fails", "no venue"),),
)
RESULT = Result(
    version="9.9",
    parameters={"cluster": {"lift": 6.0}},
    inputs=(Input("log.csv", 12, 300, "0" * 64),),
    rejected=Rejected(1, {"no time": 1}),
    population=Population(12, 2, "2026-04-01T00:00:00Z", "2026-04-02T00:00:00Z"),
    detectors=(DetectorRun("d", "1", "skipped", "needs ip", ("ip|asn",), "sum"),),
    clusters=(CLUSTER,),
    limitations=("no addresses",),
)


def plain(value: Any) -> bool:
    """Whether a value is made of JSON's own types and nothing else."""
    if type(value) is dict:
        return all(type(key) is str and plain(item) for key, item in value.items())
    if type(value) is list:
        return all(plain(item) for item in value)
    return value is None or type(value) in (str, int, float, bool)


def test_the_document_has_the_keys_of_the_schema_in_order() -> None:
    made = RESULT.to_dict()
    assert list(made) == [
        "schema_version",
        "tool",
        "parameters",
        "inputs",
        "rejected",
        "population",
        "detectors",
        "clusters",
        "limitations",
        "columns",
        "filters",
    ]
    assert made["schema_version"] == SCHEMA_VERSION == "1.2"
    assert made["tool"] == {"name": "distillscan", "version": "9.9"}
    assert list(made["clusters"][0]) == [f.name for f in fields(Cluster)]
    assert list(schema()["properties"]) == list(made)


def test_every_value_is_a_plain_one_however_deep_and_comes_back_from_json() -> None:
    made = RESULT.to_dict()
    assert plain(made)
    assert json.loads(json.dumps(made)) == made
    evidence = made["clusters"][0]["evidence"][0]
    assert evidence["details"] == {"list": [1, [2, 3]], "map": {"k": [4]}}
    assert made["clusters"][0]["infrastructure"]["ip"]["top"] == []
    assert made["clusters"][0]["account_ids"] == ["a", "b"]
    assert made["detectors"][0]["needs"] == ["ip|asn"]
    assert made["rejected"] == {"rows": 1, "reasons": {"no time": 1}}


def test_it_follows_the_published_schema_and_a_wrong_one_does_not() -> None:
    made = RESULT.to_dict()
    jsonschema.validate(made, schema())
    made["clusters"][0]["severity"] = "terrible"
    with pytest.raises(jsonschema.ValidationError, match="terrible"):
        jsonschema.validate(made, schema())


def test_the_document_is_made_anew_each_time() -> None:
    made = RESULT.to_dict()
    made["clusters"][0]["evidence"][0]["details"]["list"].append("changed")
    assert RESULT.to_dict()["clusters"][0]["evidence"][0]["details"]["list"] == [1, [2, 3]]
    assert RESULT.to_dict() == RESULT.to_dict()


def test_an_empty_result_is_a_document_too() -> None:
    empty = Result("9.9", {}, (), Rejected(0, {}), Population(0, 0, "", ""), (), (), ())
    assert empty.to_dict()["clusters"] == []
    assert empty.to_dict()["population"] == {"requests": 0, "accounts": 0, "first_seen": "", "last_seen": ""}


def test_the_words_of_severity_and_family_are_fixed() -> None:
    assert SEVERITIES == ("critical", "high", "medium", "low")
    assert FAMILIES == ("content", "identity", "network", "timing")
