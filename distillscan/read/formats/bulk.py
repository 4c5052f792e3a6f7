"""Tell the action lines of Elasticsearch and OpenSearch bulk files, which say what to do with the record below them."""

import re
from typing import Final

from distillscan.read.values.jsontext import parse

#: How an action line begins: almost every other line is told apart by this alone.
_BEGINS: Final = re.compile(rb"\s*+\{\s*+\"(?:index|create|update|delete)\"\s*+:\s*+\{")
#: What an action may say (Elasticsearch's reference of the Bulk API, with the names before version 7).
_SAYS: Final = frozenset(
    name.removeprefix("_")
    for name in (
        *("_index", "_id", "_type", "routing", "parent", "version", "version_type", "op_type", "pipeline"),
        *("require_alias", "require_data_stream", "dynamic_templates", "list_executed_pipelines"),
        *("retry_on_conflict", "if_seq_no", "if_primary_term", "timestamp", "ttl", "_source"),
    )
)
#: An action is short; a longer line is a record.
_LONGEST: Final = 10_000


def is_action(text: bytes | None) -> bool:
    """Return whether a line is an action (``{"index": {"_index": "logs"}}``) and not a record."""
    if text is None or not _BEGINS.match(text) or len(text) > _LONGEST:
        return False
    try:
        value = parse(text)
    except ValueError:
        return False
    if not isinstance(value, dict) or len(value) != 1:
        return False
    said = next(iter(value.values()))
    return isinstance(said, dict) and all(name.removeprefix("_") in _SAYS for name in said)
