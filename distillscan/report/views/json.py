"""The report as JSON: the result document as it is."""

from distillscan.report.document import dumps
from distillscan.result import Result


def to_json(result: Result) -> str:
    """Return the report as JSON, ending in a line break; the same result gives the same bytes.

    Text stays readable in any script; only characters that could mislead a terminal or a reader are escaped.

    Raises:
        TypeError: A value is not a plain JSON type (a defect of the detector that produced it).
        ValueError: A number is NaN or infinite (same).
    """
    return dumps(result.to_dict(), indent=2) + "\n"
