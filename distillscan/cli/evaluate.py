"""``distillscan evaluate``: a saved report measured against the truth about its accounts."""

from pathlib import Path

import click

from distillscan.cli.options import FILE, output_option
from distillscan.cli.streams import check_outputs, deliver, read_report, terminal_layout
from distillscan.errors import UsageError

EXIT_CODES = """\
\b
Exit codes:
  0  evaluated, however good or bad the report is
  2  usage: a wrong option, an output that cannot be written
  3  the report or the labels cannot be used
"""


@click.command(epilog=EXIT_CODES, short_help="Measure a report against labels: precision, recall, calibration.")
@click.argument("report", metavar="REPORT.json")
@click.argument("labels", type=FILE, metavar="LABELS")
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
    from distillscan.evaluate.labels import read_labels
    from distillscan.evaluate.measure import evaluate as measure
    from distillscan.evaluate.terminal import to_text
    from distillscan.report.document import dumps

    evaluation = measure(read_report(report), read_labels(labels))
    if as_json:
        deliver(dumps(evaluation.to_dict(), indent=2) + "\n", output)
    else:
        deliver(to_text(evaluation, **terminal_layout(output)), output, for_people=True)


def _is_json(output: Path | None, asked: bool) -> bool:
    suffix = "" if output is None else output.suffix.lower()
    if not asked and suffix not in ("", ".txt", ".json"):
        raise UsageError(f"--output {output}: name a file that ends in .json or .txt, or choose JSON with --json")
    return asked or suffix == ".json"
