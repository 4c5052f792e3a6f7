"""``distillscan evaluate``: a saved report measured against the truth about its accounts."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from distillscan.cli.inputs import read_report
from distillscan.cli.output import check_outputs, deliver, output_option, terminal_layout
from distillscan.errors import UsageError

if TYPE_CHECKING:
    from distillscan.evaluate import Evaluation

EXIT_CODES = """\
\b
Exit codes:
  0  evaluated, however good or bad the report is
  2  usage: a wrong option, an output that cannot be written
  3  the report or the labels cannot be used
"""


@click.command(epilog=EXIT_CODES, short_help="Measure a report against labels: precision, recall, calibration.")
@click.argument("report", metavar="REPORT.json")
@click.argument("labels", type=click.Path(path_type=Path), metavar="LABELS")
@click.option("--json", "as_json", is_flag=True, help="Write JSON (default if the file of --output ends in .json).")
@output_option("Write to this file; replaces it.")
def evaluate(report: str, labels: Path, as_json: bool, output: Path | None) -> None:
    """Measure a report against labels: precision, recall, calibration.

    REPORT.json is a report saved as JSON, complete (without --min-severity and --top); - is standard input. LABELS is a
    CSV or Parquet file with the columns account_id, operator, cohort and campaign (empty for the innocent), such as
    the one that distillscan simulate writes beside a log.
    """
    check_outputs({"--output": output}, (report, labels))
    as_json = _is_json(output, as_json)
    from distillscan.evaluate import evaluate as measure
    from distillscan.evaluate import read_labels, to_text

    evaluation = measure(read_report(report), read_labels(labels))
    text = _json(evaluation) if as_json else to_text(evaluation, **terminal_layout(output))
    deliver(text, output, for_people=not as_json)


def _is_json(output: Path | None, asked: bool) -> bool:
    suffix = "" if output is None else output.suffix.lower()
    if not asked and suffix not in ("", ".txt", ".json"):
        raise UsageError(f"--output {output}: name a file that ends in .json or .txt, or choose JSON with --json")
    return asked or suffix == ".json"


def _json(evaluation: "Evaluation") -> str:
    from distillscan.sanitize import json_safe

    return json_safe(json.dumps(evaluation.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)) + "\n"
