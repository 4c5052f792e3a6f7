"""Read request logs (Parquet, CSV, NDJSON) into batches with canonical columns and types."""

from distillscan.read.canonical.convert import REJECTS, Batch
from distillscan.read.inputs.outcome import Outcome, Skipped, shortcomings
from distillscan.read.log import Log, LogFile, Task
from distillscan.read.opening import open_log
from distillscan.read.options import FORMATS, Format, ReadOptions, parse_mapping

__all__ = [
    "FORMATS",
    "REJECTS",
    "Batch",
    "Format",
    "Log",
    "LogFile",
    "Outcome",
    "ReadOptions",
    "Skipped",
    "Task",
    "open_log",
    "parse_mapping",
    "shortcomings",
]
