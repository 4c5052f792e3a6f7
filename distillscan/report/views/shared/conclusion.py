"""What a report without clusters means: nothing was found, or nothing could be looked at."""

from distillscan.result import Result
from distillscan.wording import counted


def nothing_looked_at(result: Result) -> str:
    """Return why the report says nothing about the accounts of the log, for its first line; empty if it does."""
    if not result.population.requests:
        return "The log holds no request: nothing was looked at, and this report says nothing about any account."
    if not any(run.status == "ok" for run in result.detectors):
        return "No detector could run: nothing was looked at, and this report says nothing about any account."
    return ""


def nothing_found(result: Result) -> str:
    """Return what it means that a report lists no cluster, as far as the detectors could tell."""
    ran = sum(run.status == "ok" for run in result.detectors)
    told = f", as far as {ran} of {counted(len(result.detectors), 'detector')} could tell"
    return (
        "No set of accounts in this log looks like one undeclared operator"
        f"{told if ran < len(result.detectors) else ''}. What was checked and what could not be is below."
    )
