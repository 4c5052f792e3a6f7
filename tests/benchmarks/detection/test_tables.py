"""The tables of docs/evaluation.md: medians and worst cases of evaluations made by hand."""

from benchmarks.detection.tables import tables
from benchmarks.detection.variants import WHOLE, Variant, ablations, detectors
from distillscan.evaluate import Evaluation, evaluate
from tests.support.labelled import cluster, labels, mixed, report


def perfect() -> Evaluation:
    return evaluate(
        report(cluster("ann", "high", 0.99, ["a1", "a2", "a3", "a4"]), cluster("bob", "high", 0.91, ["b1", "b2"])),
        labels(),
    )


def section(text: str, title: str) -> list[str]:
    return text.partition(f"## {title}")[2].partition("\n## ")[0].splitlines()


def test_medians_with_the_worst_in_brackets() -> None:
    good, bad = perfect(), evaluate(mixed(), labels())
    text = tables({("one", 1): {WHOLE: good}, ("one", 2): {WHOLE: bad}, ("one", 3): {WHOLE: good}})
    assert text.startswith("Each figure is the median of 3 logs; the worst stands in brackets where it differs.\n")
    assert (
        "| `one` | 12 | 6 | 1.000 | 1.000 (0.833) | 0 | 0 (1) | 0.000 (0.200) | 0.000 (0.200) | 1.000 (0.988) "
        "| 0.004 (0.335) |"
    ) in section(text, "Scenarios")
    assert section(text, "Campaigns")[-2:] == [
        "| `one` | `fan-1` | 4 | 1.000 | 1.000 | 1.000 |",
        "| `one` | `relay-1` | 2 | 1.000 (0.500) | 1.000 | 1.000 |",
    ]
    assert section(text, "Innocent")[-2:] == ["| `campus` | 6 | 0 | 1 | 1 |", "| `ordinary` | 12 | 0 | 0 | 2 |"]
    # 0.99 and 0.91 twice each, all right; 0.97 and 0.95 once, the second right.
    assert "| score | 0.9–1.0 | 6 | 0.953 | 0.833 | 17 | 0.964 | 0.764 |" in section(text, "Calibration")
    assert section(text, "What is weak")[2:-2] == [
        "- `campus`, innocent: 0 accounts accused at high, 1 at medium, 1 at all.",
        "- `ordinary`, innocent: 0 accounts accused at high, 0 at medium, 2 at all.",
    ]
    assert "Each detector alone" not in text


def test_weak_campaigns_are_named_and_strong_ones_not() -> None:
    text = tables({("one", 1): {WHOLE: evaluate(mixed(), labels())}})
    assert section(text, "What is weak")[2] == (
        "- `relay-1` in `one`: 0.500 of its accounts are found at high, 1.000 at all."
    )
    assert section(tables({("one", 1): {WHOLE: perfect()}}), "What is weak")[2:] == [
        "Listed are campaigns of which less than 90 % is found at high, and every cohort accused."
    ]


def test_ablation_pools_logs() -> None:
    names = detectors()
    nothing, half = evaluate(report(), labels()), evaluate(mixed(), labels())
    runs = {WHOLE: perfect(), **dict.fromkeys(ablations(), nothing)}
    runs |= {Variant(only=names[0]): half, Variant(without=names[1]): half}
    measured = {
        ("one", 1): runs,
        ("two", 1): {**runs, Variant(without=names[1]): perfect()},
        ("plain", 1): {WHOLE: nothing},
    }
    text = tables(measured)
    alone = section(text, "Each detector alone")
    assert f"| `{names[0]}` | 18 | 12 | 0.666 | 1.000 | 0.988 |" in alone
    assert any(line.startswith(f"| `{names[1]}` | 0 | 0 | – | 0.000 |") for line in alone)
    lost = section(text, "What is lost")
    assert "| everything there | 12 | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 |" in lost
    assert f"| without `{names[1]}` | 11 | 1.000 | 0.916 | 0.833 | 1.000 | 0.994 (0.988) |" in lost
    assert any(line.startswith("| no network columns | 0 | – | 0.000 | 0.000 | 0.000 |") for line in lost)
    assert "`plain`" not in "".join(alone + lost)
