"""The language of a text, by its script or its commonest words."""

import numpy as np
import polars as pl
import pytest

from distillscan.profile.text.hashes import texts_of
from distillscan.profile.text.languages import LANGUAGES, TAIL, languages_of
from tests.support.places import SHARED

DATA = SHARED

SAID = {
    "en": ["What should I do with the leaves in the garden?", "Please write a short story that is about my dog."],
    "zh": ["请帮我把这封信改得更礼貌一些。", "解释这段代码：for (int i = 0; i < n; i++) sum += a[i];"],
    "ja": ["この文章をもっと丁寧に書き直してください。", "東京都の人口推移を教えて"],
    "ko": ["이 편지를 더 공손하게 고쳐 주세요.", "print() 함수는 무엇을 하나요"],
    "ru": ["Помоги мне переписать это письмо, пожалуйста.", "объясни docker compose"],
    "de": ["Wie kann ich die Blätter im Garten am besten verwenden?", "Bitte schreib mir eine kurze Geschichte."],
    "fr": ["Comment est-ce que je peux utiliser les feuilles dans le jardin ?", "Écris une histoire pour ma fille"],
    "es": ["¿Cómo puedo usar las hojas que hay en el jardín?", "Escribe una historia corta para mi hija, por favor."],
    "pt": ["Como posso usar as folhas que caem no jardim?", "Você não pode me ajudar com isso?"],
    "it": ["Come posso usare le foglie che sono nel giardino?"],
    "nl": ["Hoe kan ik de bladeren in mijn tuin het beste gebruiken, en wat is niet goed?"],
    "pl": ["Jak mogę wykorzystać liście, które są w ogrodzie, i czy to jest dobre dla ziemi?"],
    "tr": ["Bahçedeki yapraklar için ne yapabilirim ve bu nasıl daha iyi olur?"],
    "vi": ["Tôi có thể làm gì với lá cây trong vườn của tôi?"],
    "id": ["Bagaimana cara memakai daun yang ada di kebun saya untuk pupuk?"],
    "sv": ["Hur kan jag använda löven som ligger på marken, och är det bra att låta dem ligga?"],
    "da": ["Hvordan kan jeg bruge bladene som ligger på jorden, og er det ikke godt at lade dem ligge?"],
    "cs": ["Jak mohu použít listí, které je na zahradě, a co se s ním nedělá? Není to pro půdu špatné?"],
    "ro": ["Cum pot folosi frunzele care sunt în grădină și ce nu este bun pentru pământ?"],
    "hu": ["Hogyan használjam a leveleket, és mit kell csinálni, hogy az ne legyen rossz?"],
    "fi": ["Miten voin käyttää lehdet, jotka ovat maassa, ja mitä ei voi tehdä?"],
    "uk": ["Як мені краще використати листя, що лежить у моїй садибі? Її ґрунт бідний."],
    "ar": ["كيف يمكنني استخدام الأوراق في الحديقة؟"],
    "fa": ["چگونه می‌توانم از برگ‌های باغ استفاده کنم؟"],
    "hi": ["बगीचे की पत्तियों का उपयोग कैसे करें?"],
    "th": ["ฉันจะใช้ใบไม้ในสวนได้อย่างไร"],
    "el": ["Πώς μπορώ να χρησιμοποιήσω τα φύλλα στον κήπο;"],
    "he": ["איך אפשר להשתמש בעלים בגינה?"],
}


def language(text: str) -> str:
    return str(LANGUAGES[languages_of(texts_of(pl.Series([text])))[0]])


@pytest.mark.parametrize(("expected", "text"), [(name, text) for name, texts in SAID.items() for text in texts])
def test_languages_are_told(expected: str, text: str) -> None:
    assert language(text) == expected
    assert language(text.upper()) == expected


def test_every_language_is_tested_and_numbers_do_not_change() -> None:
    assert set(SAID) == set(LANGUAGES) - {""}
    assert LANGUAGES[:10] == ("", "en", "zh", "ja", "ko", "ru", "de", "fr", "es", "pt")
    assert len(LANGUAGES) == len(set(LANGUAGES)) == 29


@pytest.mark.parametrize(
    "text",
    [
        *("", "hi", "ok", "continue", "12 + 30 = ?", "https://example.org/a/b?c=d", "Anna Karenina", "de la"),
        *("😀😀😀", "a", "\x00\x1b[31m", "x" * 5000, "é", "漢", "Ж"),
    ],
)
def test_what_cannot_be_told_has_none(text: str) -> None:
    assert language(text) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Translate 你好 to English for me, please, and tell me how to say it.", "en"),
        ("把 thank you very much 翻译成中文，再造一个句子。", "zh"),
        ("東京大学大学院情報理工学系研究科の場所はどこですか", "ja"),
        ("「の」是什么意思？请用中文详细解释一下这个日语助词的用法。", "zh"),
        ("Напиши функцию на Python, которая сортирует list of dicts", "ru"),
        ("Ёлка, подъезд, мышь и эхо", "ru"),
    ],
)
def test_of_two_scripts_the_one_with_more_to_say_counts(text: str, expected: str) -> None:
    assert language(text) == expected


def test_the_end_of_a_text_counts() -> None:
    german, french = SAID["de"][0], SAID["fr"][0]
    assert language(f"{german} {'x ' * TAIL} {french}") == "fr"
    assert language(f"{french} {'x ' * TAIL} {german}") == "de"
    assert language(german + " x" * (TAIL // 2)) == ""
    # A character cut at the beginning of what is looked at is left out.
    assert language("漢" * TAIL) == "zh"
    assert language("Ж" * (TAIL // 2) + "x") == "ru"


def test_nulls_and_empty_texts_are_in_no_language() -> None:
    found = languages_of(texts_of(pl.Series([SAID["ja"][0], None, "", SAID["de"][0]])))
    assert found.tolist() == [LANGUAGES.index("ja"), 0, 0, LANGUAGES.index("de")]
    assert languages_of(texts_of(pl.Series([], dtype=pl.String))).tolist() == []


@pytest.mark.skipif(not (DATA / "benign_prompts.parquet").exists(), reason="the shared corpora are not here")
@pytest.mark.parametrize(("expected", "share"), [("en", 0.93), ("zh", 0.95), ("ru", 0.98)])
def test_real_prompts_are_told(expected: str, share: float) -> None:
    prompts = pl.read_parquet(DATA / "benign_prompts.parquet").filter(pl.col("lang") == expected)["prompt"]
    told = languages_of(texts_of(prompts))
    assert (told == LANGUAGES.index(expected)).sum() >= share * prompts.len()
    assert np.isin(told, [0, LANGUAGES.index(expected)]).sum() >= 0.97 * prompts.len()
