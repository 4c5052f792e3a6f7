"""OpenTelemetry's attributes as objects."""

from distillscan.read.formats.otlp import plain

ATTRIBUTES = [
    {"key": "s", "value": {"stringValue": "x"}},
    {"key": "i", "value": {"intValue": "5"}},
    {"key": "b", "value": {"boolValue": True}},
    {"key": "d", "value": {"doubleValue": 0.5}},
    {"key": "l", "value": {"arrayValue": {"values": [{"stringValue": "y"}, {"intValue": "6"}]}}},
    {"key": "e", "value": {"arrayValue": {"values": []}}},
    {"key": "o", "value": {"kvlistValue": {"values": [{"key": "k", "value": {"stringValue": "z"}}]}}},
    {"key": "n", "value": {}},
    {"key": 7, "value": {"stringValue": "no name"}},
]
PLAIN = {"s": "x", "i": "5", "b": True, "d": 0.5, "l": ["y", "6"], "e": [], "o": {"k": "z"}, "n": {}}


def test_otlp_attributes() -> None:
    span = {"name": "n", "attributes": ATTRIBUTES, "resource": {"attributes": ATTRIBUTES[:1]},
            "events": [{"name": "e", "attributes": ATTRIBUTES[:1]}, "odd"]}  # fmt: skip
    assert plain(span) == {
        "name": "n",
        "attributes": PLAIN,
        "resource": {"attributes": {"s": "x"}},
        "events": [{"name": "e", "attributes": {"s": "x"}}, "odd"],
    }
    assert plain({"attributes": {"already": "plain"}, "resource": "odd", "events": 7}) == {
        "attributes": {"already": "plain"}, "resource": "odd", "events": 7,
    }  # fmt: skip
