"""Check the published JSON Schema, and a report of each sample log against it."""

import sys
from pathlib import Path

import jsonschema

from distillscan import analyze
from distillscan.report.document import schema

published = schema()
jsonschema.Draft202012Validator.check_schema(published)
validator = jsonschema.Draft202012Validator(published)
samples = sorted(
    p for p in Path("sample_logs").iterdir() if p.suffix in {".parquet", ".csv"} and "labels" not in p.name
)
for sample in samples:
    validator.validate(analyze(sample).to_dict())
sys.stdout.write(f"the schema is valid and {len(samples)} reports follow it\n")
