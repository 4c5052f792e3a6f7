"""The clusters as JSON Lines, for tickets and log pipelines: one object for each cluster and line."""

import hashlib

from distillscan.report.document import dumps
from distillscan.result import Result


def to_jsonl(result: Result) -> str:
    """Return one JSON object per cluster and line: the cluster as in the report, and under ``run`` its origin.

    Nothing found gives an empty text; whether anything was checked is in the exit code and in the other formats.
    """
    document = result.to_dict()
    run = {
        "schema_version": document["schema_version"],
        "tool": document["tool"],
        "inputs_sha256": inputs_digest(result),
        "first_seen": result.population.first_seen,
        "last_seen": result.population.last_seen,
        "partial": any(detector.status == "error" for detector in result.detectors),
    }
    return "".join(dumps({"run": run, **cluster}) + "\n" for cluster in document["clusters"])


def inputs_digest(result: Result) -> str:
    """Return one SHA-256 for all inputs: the same data gives the same digest, whatever the order and names of files."""
    digests = sorted(item.sha256 for item in result.inputs if item.status != "skipped")
    return hashlib.sha256("\n".join(digests).encode("utf-8", "surrogatepass")).hexdigest()
