import random
import re
import time

from hypothesis import given
from hypothesis import strategies as st

from distillscan.report.skeleton import SLOT, skeleton

BOOKS = ["the sea", "an old clock", "two brothers in Rome", "winter", "a lost letter", "glass"]


def test_what_differs_is_a_slot_wherever_it_stands() -> None:
    texts = [
        f"{book} is the topic: write a careful essay in {k} parts about {book} now please"
        for k, book in enumerate(BOOKS)
    ]
    assert skeleton(texts, 5) == f"{SLOT} is the topic: write a careful essay in # parts about {SLOT}"


def test_text_fewer_accounts_share_is_not_shown() -> None:
    common = "explain every step of your reasoning before the final answer"
    texts = [f"{common} {book}" for book in BOOKS[:3]] + [f"my account number is 12345 {common}"] * 2
    assert "account number" not in skeleton(texts, 3)
    assert skeleton(texts[:4], 5) == SLOT


def test_a_text_all_share_is_shown_whole() -> None:
    assert skeleton(["say exactly these five words"] * 5, 5) == "say exactly these five words"


def test_case_differences_do_not_make_slots() -> None:
    texts = ["Rate this answer from one to ten"] * 3 + ["RATE this ANSWER from one to ten"] * 3
    assert skeleton(texts, 5) == "Rate this answer from one to ten"


def test_long_texts_keep_beginning_and_end() -> None:
    filler = " ".join(f"w{chr(97 + k % 26)}{k}" for k in range(2000))
    shown = skeleton([f"start of all texts here {filler} end of all texts here"] * 5, 5)
    assert shown.startswith("start of all texts here")
    assert shown.endswith("end of all texts here")
    assert SLOT in shown
    assert len(shown) < len(filler) / 3


def test_a_word_of_megabytes_is_data_and_costs_no_time() -> None:
    texts = [f"rate the picture {'A' * 3_000_000} from one to ten" for _ in range(5)]
    assert skeleton(texts, 5) == f"rate the picture {SLOT} from one to ten"


def test_a_long_text_without_line_or_end_costs_no_more_than_a_short_one() -> None:
    texts = [f"start of all texts {'a b ' * 2_000_000} end of all texts"] * 5
    shown = skeleton(texts, 5)
    assert shown.startswith("start of all texts a b")
    assert shown.endswith("end of all texts")
    assert len(shown) < 3_000


def test_words_that_repeat_without_end_cost_no_more_than_others() -> None:
    rng = random.Random(5)
    texts = [" ".join((["x"] * rng.randint(1, 20) + ["y"]) * 40) for _ in range(500)]
    before = time.process_time()
    skeleton(texts, 5)
    assert time.process_time() - before < 2  # comparing sequences took 25 s


def test_an_unusual_number_is_masked_wherever_its_words_are_shared() -> None:
    texts = [f"my order 4711{k} is late please help" for k in range(4)] + ["my order 9 is late please help"] * 2
    assert skeleton(texts, 5) == "my order # is late please help"
    assert skeleton(["my order 4711 is late please help"] * 5, 5) == "my order 4711 is late please help"


WORDS = st.sampled_from(["alpha", "beta", "gamma", "Delta", "delta", "x1", "x2", "77", "78", SLOT])


@given(st.lists(st.lists(WORDS, max_size=14).map(" ".join), min_size=1, max_size=9), st.integers(2, 6))
def test_no_word_is_shown_that_fewer_accounts_use(texts: list[str], shared_by: int) -> None:
    for word in skeleton(texts, shared_by).split():
        if word != SLOT:
            alike = re.compile(re.escape(word).replace(r"\#", r"\d+"), re.IGNORECASE)
            assert sum(any(alike.fullmatch(w) for w in text.split()) for text in texts) >= shared_by


@given(st.integers(5, 9), st.data())
def test_what_one_account_alone_says_never_appears(accounts: int, data: st.DataObject) -> None:
    common = ["explain", "every", "step", "of", "your", "reasoning", "before", "the", "final", "answer"]
    secret = data.draw(st.text(st.characters(categories=["L", "N"]), min_size=4, max_size=20).map("Zq{}".format))
    texts = [list(common) for _ in range(accounts)]
    whose, place = data.draw(st.integers(0, accounts - 1)), data.draw(st.integers(0, len(common)))
    texts[whose].insert(place, secret)
    assert secret not in skeleton([" ".join(words) for words in texts], 5)
