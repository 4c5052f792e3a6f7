from docs.picture import draw
from tests.support.labelled import cluster, report


def test_the_picture_shows_the_first_cluster_and_fetches_nothing() -> None:
    two = (cluster("first", "high", 0.97, ["a1", "a2"], rank=1), cluster("second", "high", 0.95, ["b1"], rank=2))
    picture = draw(report(*two))
    assert picture.startswith("<svg ")
    assert "first" in picture
    assert "second" not in picture
    assert ">distillscan&#160;analyze&#160;sample_logs/default.parquet&#160;--top&#160;1<" in picture
    assert "@font-face" not in picture
    assert "url(http" not in picture
