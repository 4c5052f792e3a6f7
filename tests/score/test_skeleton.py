from distillscan.score.skeleton import SLOT, skeleton

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
