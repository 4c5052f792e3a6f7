"""The JSON report: safe, deterministic, as its schema says, and readable again."""

import json
import re
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from types import MappingProxyType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import jsonschema
import numpy as np
import pytest

from distillscan.errors import InputError
from distillscan.report.document import dumps, from_dict, from_json, schema
from distillscan.report.views.json import to_json
from distillscan.result import READABLE_VERSIONS, SCHEMA_VERSION, Cluster, Evidence, Filters, Result
from tests.support.fake_results import busy, cluster, hostile, quiet
from tests.support.hostile import HOSTILE
from tests.support.places import DOCS

VALIDATOR = jsonschema.Draft202012Validator(schema())
RESULTS: dict[str, Callable[[], Result]] = {"busy": busy, "quiet": quiet}


@pytest.mark.parametrize("name", RESULTS)
def test_a_report_obeys_its_schema(name: str) -> None:
    VALIDATOR.check_schema(schema())
    assert list(VALIDATOR.iter_errors(json.loads(to_json(RESULTS[name]())))) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_report_is_safe_valid_and_whole(text: str) -> None:
    shown = to_json(hostile(text))
    document = json.loads(shown)
    VALIDATOR.validate(document)
    assert not set(shown) & {
        "\x1b",
        "\x00",
        "\x07",
        "\x9b",
        "\u202e",
        "\u200b",
        "\ufeff",
        "\u2028",
        "\U000e0041",
        "\r",
        "\t",
    }
    assert shown.encode("utf-8").decode("utf-8") == shown
    without_surrogates = text.encode("utf-8", "backslashreplace").decode()
    assert document["clusters"][0]["summary"] == without_surrogates
    assert document["clusters"][0]["evidence"][0]["details"][without_surrogates] == without_surrogates


@pytest.mark.parametrize("name", RESULTS)
def test_a_report_can_be_read_again(name: str) -> None:
    result = RESULTS[name]()
    again = from_json(to_json(result))
    assert again == result
    assert to_json(again) == to_json(result)
    assert from_dict(result.to_dict()) == result
    assert from_json(dumps(result.to_dict()).encode()) == result


def test_the_core_is_as_the_design_fixes_it() -> None:
    document = json.loads(to_json(busy()))
    assert list(document) == [
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
    assert document["schema_version"] == "1.2"
    assert document["tool"] == {"name": "distillscan", "version": "0.1.0"}
    assert document["rejected"] == {
        "rows": 1204,
        "reasons": {"timestamp is no date or time": 1200, "account_id is empty": 4},
    }
    assert list(document["clusters"][0]) == [field.name for field in fields(Cluster)]
    assert len(document["clusters"][1]["account_ids"]) == 5_380


def test_text_of_any_script_stays_readable() -> None:
    assert '"limitations": [\n    "漢字 und Ünïcode"\n  ]' in to_json(quiet(limitations=("漢字 und Ünïcode",)))


def test_the_text_ends_in_one_line_break() -> None:
    assert to_json(quiet()).endswith("}\n")
    assert "\n" not in dumps(quiet().to_dict())


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (float("nan"), ValueError, "clusters[0].evidence[0].details.x is nan: a report carries finite numbers only"),
        (float("-inf"), ValueError, "clusters[0].evidence[0].details.x is -inf: a report carries finite numbers only"),
        ({1, 2}, TypeError, "clusters[0].evidence[0].details.x is a set: a report carries plain JSON types only"),
        (
            np.int64(3),
            TypeError,
            "clusters[0].evidence[0].details.x is a int64: a report carries plain JSON types only",
        ),
    ],
)
def test_what_json_cannot_carry_is_named(value: Any, error: type[Exception], message: str) -> None:
    broken = Evidence("d", "content", "coordination", 1.0, "s", {"x": value})
    with pytest.raises(error) as caught:
        to_json(quiet(clusters=(cluster(evidence=(broken,)),)))
    assert str(caught.value) == message


def test_dumps_takes_read_only_mappings_and_numpy_floats() -> None:
    assert dumps(MappingProxyType({"a": (np.float64(0.5), None, True)})) == '{"a":[0.5,null,true]}'


def _changed(path: str, value: Any) -> dict[str, Any]:
    """A valid report with one place changed; ``KeyError`` deletes it."""
    document: dict[str, Any] = json.loads(to_json(busy()))
    target: Any = document
    *parents, last = [int(part) if part.isdecimal() else part for part in path.split("/")]
    for part in parents:
        target = target[part]
    if value is KeyError:
        del target[last]
    else:
        target[last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("limitations", KeyError, "Object missing required field `limitations`"),
        ("clusters/2/weights/0/bits", KeyError, "Object missing required field `bits` - at `clusters[2].weights[0]`"),
        ("extra\x1b", 1, r"extra\x1b is not a field of the report"),
        ("clusters/0/colour", 1, "clusters[0].colour is not a field of the report"),
        ("clusters/0/weights/1/x", None, "clusters[0].weights[1].x is not a field of the report"),
        ("clusters/2/severity", "awful\x1b", r"Invalid enum value 'awful\x1b' - at `clusters[2].severity`"),
        ("clusters/0/accounts", "many", "Expected `int`, got `str` - at `clusters[0].accounts`"),
        ("clusters/0/accounts", True, "Expected `int`, got `bool` - at `clusters[0].accounts`"),
        ("clusters/0/accounts", 3.5, "Expected `int`, got `float` - at `clusters[0].accounts`"),
        ("clusters/0/score", None, "Expected `float`, got `null` - at `clusters[0].score`"),
        ("clusters/0/account_ids", "x", "Expected `array`, got `str` - at `clusters[0].account_ids`"),
        ("clusters/0/account_ids", [1], "Expected `str`, got `int` - at `clusters[0].account_ids[0]`"),
        ("clusters/0", [], "Expected `object`, got `array` - at `clusters[0]`"),
        ("rejected/reasons/x", "y", "Expected `int`, got `str` - at `rejected.reasons[...]`"),
        ("filters/hidden", {"awful": 1}, "Invalid enum value 'awful' - at `key` in `filters.hidden`"),
        ("filters/top", "3", "Expected `int | null`, got `str` - at `filters.top`"),
        ("tool", {"name": "other", "version": "1"}, 'tool must be {"name": "distillscan", "version": "…"}'),
        ("tool", None, 'tool must be {"name": "distillscan", "version": "…"}'),
        ("tool/colour", "red", "tool.colour is not a field of the report"),
        ("schema_version", KeyError, "no schema_version"),
    ],
)
def test_a_damaged_report_says_where(path: str, value: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        from_dict(_changed(path, value))
    assert str(caught.value) == f"not a distillscan report: {message}"


def test_a_report_of_another_version_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        from_dict(_changed("schema_version", "2.0"))
    assert str(caught.value) == (
        "the report has schema_version 2.0, this distillscan reads 1.0 to 1.2: "
        "use the version of distillscan that wrote it, or analyse the log again"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a distillscan report: no valid JSON (Expecting value: line 1 column 1 (char 0))"),
        ('{"a": 1', "not a distillscan report: no valid JSON (Expecting ',' delimiter: line 1 column 8 (char 7))"),
        (b"\xff\xfe\xfa", "not a distillscan report: no valid JSON"),
        ("[" * 100_000, "not a distillscan report: no valid JSON"),
        ("[]", "not a distillscan report: no JSON object"),
        ("7", "not a distillscan report: no JSON object"),
        ("{}", "not a distillscan report: no schema_version"),
    ],
)
def test_what_is_no_report_is_refused(text: str | bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        from_json(text)
    assert str(caught.value) == message


def test_a_report_that_is_nested_too_deeply_is_refused() -> None:
    deep = '{"a":' * 900 + "1" + "}" * 900
    with pytest.raises(InputError, match=r"^not a distillscan report: (too deeply nested|no valid JSON)$"):
        from_json(to_json(quiet(parameters={"x": "deep"})).replace('"deep"', deep))


def test_a_number_that_json_has_not_is_refused() -> None:
    text = to_json(busy()).replace("0.9871", "NaN", 1)
    with pytest.raises(InputError, match=r"^not a distillscan report: no valid JSON$"):
        from_json(text)


def test_whole_numbers_are_accepted_for_weights() -> None:
    result = from_dict(_changed("clusters/0/weights/0/bits", -10))
    assert type(result.clusters[0].weights[0].bits) is float


# ---- the schema and the dataclasses say the same ---- #


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    reference = node.get("$ref")
    return {**schema()["$defs"][reference.rsplit("/", 1)[1]], **node} if reference else node


def _compare(kind: Any, node: dict[str, Any], where: str) -> None:
    node = _resolved(node)
    origin = get_origin(kind)
    if is_dataclass(kind):
        names = [field.name for field in fields(kind)]
        assert list(node["properties"]) == names, where
        added_later = {"status", "reason"} if where.startswith("inputs") else set()
        assert node["required"] == [name for name in names if name not in added_later], where
        assert node["additionalProperties"] is False, where
        for name, hint in get_type_hints(kind).items():
            _compare(hint, node["properties"][name], f"{where}.{name}")
    elif origin is tuple:
        assert node["type"] == "array", where
        _compare(get_args(kind)[0], node["items"], f"{where}[]")
    elif origin is Literal:
        assert sorted(node["enum"]) == sorted(get_args(kind)), where
    elif origin in (Union, types.UnionType):  # of a type and None
        if "enum" in node:
            assert node["enum"][-1] is None, where
            _compare(get_args(kind)[0], {"enum": node["enum"][:-1]}, where)
        else:
            assert node["type"][-1] == "null", where
            _compare(get_args(kind)[0], {"type": node["type"][0]}, where)
    elif origin is not None:
        assert node["type"] == "object", where
    else:
        assert node["type"] == {str: "string", int: "integer", float: "number"}[kind], where


def test_reports_from_before_an_input_had_a_status_can_be_read() -> None:
    document = json.loads(to_json(busy()))
    for one in document["inputs"]:
        del one["status"], one["reason"]
    VALIDATOR.validate(document)
    assert from_dict(document) == busy()
    del document["inputs"][0]["sha256"]
    with pytest.raises(InputError, match=r"required field `sha256` - at `inputs\[0\]`$"):
        from_dict(document)


def test_reports_of_the_first_version_can_be_read() -> None:
    document = json.loads(to_json(busy()))
    for one in document["inputs"]:
        del one["status"], one["reason"]
    del document["columns"], document["filters"]
    document["schema_version"] = "1.0"
    VALIDATOR.validate(document)
    read = from_json(json.dumps(document))
    assert replace(read, columns=busy().columns) == busy()
    assert read.filters == Filters()
    assert json.loads(to_json(read))["schema_version"] == "1.2" == READABLE_VERSIONS[-1] == SCHEMA_VERSION


def test_the_page_lists_every_field_and_version() -> None:
    text = (DOCS / "report.md").read_text()
    assert re.findall(r"^\| `(\w+)` \|", text.partition("A cluster has")[0], flags=re.MULTILINE) == [
        *schema()["properties"]
    ]
    cluster = text.partition("A cluster has")[2].partition("## Versions")[0]
    assert all(f"`{name}`" in cluster for name in schema()["$defs"]["cluster"]["properties"])
    assert re.findall(r"^\*\*([\d.]+)\*\*", text, flags=re.MULTILINE) == [*reversed(READABLE_VERSIONS)]
    assert schema()["properties"]["schema_version"]["enum"] == [*READABLE_VERSIONS]


def test_the_published_schema_describes_the_result() -> None:
    hints = get_type_hints(Result)
    properties = schema()["properties"]
    assert list(properties) == ["schema_version", "tool", *(name for name in hints if name != "version")]
    for name, hint in hints.items():
        if name != "version":
            _compare(hint, properties[name], name)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("clusters/0/severity", "awful"),
        ("clusters/0/coordination", 1.2),
        ("clusters/0/evidence/0/axis", "other"),
        ("clusters/0/evidence/0/family", "politics"),
        ("clusters/0/benign_explanations/0/verdict", "maybe"),
        ("clusters/0/accounts", 0),
        ("detectors/0/status", "clean"),
        ("clusters/0/extra", 1),
        ("schema_version", "0.9"),
    ],
)
def test_the_schema_refuses_what_is_wrong(path: str, value: Any) -> None:
    assert not VALIDATOR.is_valid(_changed(path, value))
