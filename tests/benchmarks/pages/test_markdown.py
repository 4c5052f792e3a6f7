from benchmarks.pages.markdown import middle, table, three, whole


def test_tables_align_numbers() -> None:
    assert table(("name", "kind", "count"), [("a", "b", "1")], names=2) == (
        "| name | kind | count |\n| --- | --- | --: |\n| a | b | 1 |"
    )


def test_shares_are_cut_and_never_rounded_up() -> None:
    assert [three(value) for value in (None, 0.0, 0.9999, 1.0, 0.1)] == ["–", "0.000", "0.999", "1.000", "0.100"]


def test_the_middle_names_the_worst_where_it_differs() -> None:
    assert middle([0.5, 0.7, 0.9], min) == "0.700 (0.500)"
    assert middle([0.5, None, 0.5001], min) == "0.500"
    assert middle([None, None], min) == "–"
    assert middle([1_500, 2_500.4], max, whole) == "2,000 (2,500)"
