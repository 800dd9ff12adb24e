"""What a scorer measures is what its definition says, on any text: each is worked out here a second time."""

import math
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evaluation_records import TEXTS
from tests.test_scorers import answered, evidence, parallel, ranked, record
from xagent.evaluation.scorers.bias import evidence_by_question, evidence_languages
from xagent.evaluation.scorers.choices import chosen
from xagent.evaluation.scorers.consistency import consistency
from xagent.evaluation.scorers.ranking import average_precision, ndcg_at, recall_at, reciprocal_rank
from xagent.evaluation.scorers.strings import (
    apart,
    chrf,
    containing,
    exact,
    normalise,
    three_gram_recall,
    token_f1,
)

WORDS = sorted({word for texts in TEXTS.values() for word in f"{texts.sentence} {texts.wrong}".split()})
CODES = st.sampled_from(sorted(TEXTS))
ENGLISH = st.lists(
    st.sampled_from(
        ["the", "The", "a", "an", "theatre", "river", "River,", "Nile", "U.S.", "--", "of", "10%"]
    ),
    max_size=8,
).map(" ".join)
TEXT = st.one_of(st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join), ENGLISH, st.text(max_size=30))
SAYING = TEXT.filter(apart)
DIGITS = ("0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९", "๐๑๒๓๔๕๖๗๘๙", "０１２３４５６７８９")


def squad(text: str) -> list[str]:
    """The tokens that SQuAD 1.1 compares: words in lower case, without ASCII punctuation and articles."""
    plain = "".join(char for char in text.lower() if char not in string.punctuation)
    return [word for word in plain.split() if word not in ("a", "an", "the")]


@given(ENGLISH, st.lists(ENGLISH, min_size=1, max_size=3))
def test_english_is_scored_as_squad_scores_it(said: str, golds: list[str]) -> None:
    tokens, best = squad(said), 0.0
    for gold in map(squad, golds):
        same = sum(min(tokens.count(word), gold.count(word)) for word in set(tokens))
        if same:
            precision, recall = same / len(tokens), same / len(gold)
            best = max(best, 2 * precision * recall / (precision + recall))
    assert token_f1(said, golds, "en") == pytest.approx(best)
    assert exact(said, golds, "en") == (tokens in [squad(gold) for gold in golds])


@given(TEXT, TEXT, CODES)
def test_f1_is_a_share_that_does_not_depend_on_the_order(said: str, gold: str, code: str) -> None:
    score = token_f1(said, [gold], code)
    assert 0 <= score <= 1
    assert score == pytest.approx(token_f1(gold, [said], code))
    if exact(said, [gold], code):
        assert score == bool(normalise(gold, code))


@given(TEXT, CODES)
def test_form_case_and_marks_make_no_difference_to_exact_match(text: str, code: str) -> None:
    apart = unicodedata.normalize("NFD", text)
    for written in (apart, f"  {text}\n", f"“{text}”", f"{text}。"):
        assert exact(written, [text], code) == 1


def three_grams(text: str) -> Counter[str]:
    grams: list[str] = []
    for word in squad(unicodedata.normalize("NFC", text)):
        whole = [word] if len(word) < 3 else []
        grams += whole or [word[i : i + 3] for i in range(len(word) - 2)]
    return Counter(grams)


@given(TEXT, TEXT)
def test_three_gram_recall_is_the_share_of_the_golds_grams(said: str, gold: str) -> None:
    wanted, there = three_grams(gold), three_grams(said)
    missing = (wanted - there).total()
    recall = 1 - missing / wanted.total() if wanted else 0
    assert three_gram_recall(said, [gold]) == pytest.approx(recall)


@given(TEXT, TEXT, TEXT)
def test_more_words_and_more_golds_never_lower_the_recall(said: str, gold: str, more: str) -> None:
    before = three_gram_recall(said, [gold])
    assert three_gram_recall(f"{said} {more}", [gold]) >= before
    assert three_gram_recall(said, [gold, more]) >= before


def chrf2(said: str, gold: str) -> float:
    """chrF by its definition: the F2 of the mean precision and recall of character n-grams, n from 1 to 6."""
    said, gold = "".join(said.split()), "".join(gold.split())
    shares = []
    for n in range(1, 7):
        there, wanted = (Counter(text[i : i + n] for i in range(len(text) - n + 1)) for text in (said, gold))
        if there and wanted:
            same = (there & wanted).total()
            shares.append((same / there.total(), same / wanted.total()))
    if not shares:
        return 0.0
    precision, recall = (sum(share) / len(shares) for share in zip(*shares, strict=True))
    return 5 * precision * recall / (4 * precision + recall) if precision + recall else 0.0


@given(SAYING, SAYING)
def test_chrf_is_as_defined_and_as_sacrebleu_has_it(said: str, gold: str) -> None:
    import sacrebleu

    judged = record(answered(said), [gold])
    score = chrf(judged)
    assert score == pytest.approx(sacrebleu.sentence_chrf(judged.text, [gold]).score / 100)
    assert score == pytest.approx(chrf2(judged.text, gold), abs=1e-6)


@given(SAYING, TEXT, TEXT)
def test_a_gold_answer_stands_between_whatever_is_around_it(gold: str, before: str, after: str) -> None:
    assert containing(f"{before}; {gold}; {after}", [gold]) == 1


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.sampled_from(DIGITS), st.sampled_from(",.\u202f٬"))
def test_a_number_is_found_in_any_digits_and_only_whole(
    there: int, asked: int, digits: str, mark: str
) -> None:
    grouped = f"{there:,}".replace(",", mark).translate(str.maketrans("0123456789", digits))
    assert containing(f"Kuna watu {grouped} hapa.", [str(there)]) == 1
    assert containing(f"Kuna watu {grouped} hapa.", [str(asked)]) == (there == asked)


@given(st.integers(0, 10**4), st.integers(0, 10**4), st.sampled_from("-−–"), st.sampled_from("-−－"))
def test_a_sign_is_part_of_a_number_and_a_dash_between_numbers_is_not(
    there: int, asked: int, dash: str, sign: str
) -> None:
    assert containing(f"Joto ni {dash}{there} leo.", [f"{sign}{asked}"]) == (there == asked)
    assert containing(f"Joto ni {dash}{there} leo.", [str(asked)]) == 0
    assert containing(f"Miaka {there}{dash}{asked}.", [str(asked)]) == 1
    assert containing(f"Miaka {there}{dash}{asked}.", [f"{sign}{asked}"]) == 0


LETTERS = "eBńΩжИ年のใक한בع"
STANDS = [False] * 6 + [True] * 7


@given(st.integers(0, 10**6), st.sampled_from(list(zip(LETTERS, STANDS, strict=True))))
def test_a_number_stands_after_a_letter_without_case_and_not_with_one(
    number: int, beside: tuple[str, bool]
) -> None:
    letter, stands = beside
    assert containing(f"{letter}{number} {letter}", [str(number)]) == stands
    assert containing(f"{letter} {number}{letter}", [str(number)])  # a unit, as in 5km
    assert containing(f"{letter} {number}'{letter}", [str(number)]) == 1


WORDS_WITH_CASE = st.sampled_from([w for w in WORDS if w.isalpha() and w.upper() != w and len(w) > 3])


@given(WORDS_WITH_CASE, WORDS_WITH_CASE, st.sampled_from(".-‑'’"))
def test_a_word_is_the_same_with_marks_in_it_and_without(one: str, other: str, mark: str) -> None:
    whole, parted = f"{one}{other}", f"{one}{mark}{other}"
    for said, gold in ((whole, parted), (parted, whole), (parted.upper(), whole), (parted, other)):
        assert containing(said, [gold]) == 1


GOLDS = sorted({texts.gold for texts in TEXTS.values()})


@given(st.permutations(GOLDS), st.integers(0, len(GOLDS) - 1), st.integers(1, len(GOLDS)))
def test_an_option_is_chosen_by_its_letter_or_its_text(options: list[str], wanted: int, of: int) -> None:
    wanted %= of
    for text in (f"{'ABCDEFGHIJK'[wanted]}) {options[0]}", f"“{options[wanted]}” (?)"):
        assert chosen(text, options[:of]) == wanted


SAID = (
    "Answer: {}",
    "答案是{}。",
    "الجواب هو {}",
    "Vastaus on {}, koska niin lukee.",
    "정답은 {}입니다.",
    "उत्तर {} है।",
)


@given(st.integers(0, 7), st.integers(0, 7), st.sampled_from(SAID), st.sampled_from(["{}", "**{}**", "“{}”"]))
def test_the_letter_said_is_the_option_chosen_if_it_is_the_only_one(
    one: int, other: int, said: str, marked: str
) -> None:
    options = [f"{number}1" for number in range(8)]
    text = said.format(marked.format("ABCDEFGH"[one]))
    assert chosen(text, options) == one
    assert chosen(text, options[:one]) == -1
    assert chosen(f"{text} Ibo: {'ABCDEFGH'[other]}", options) == (one if one == other else -1)


@given(TEXT, st.lists(TEXT, max_size=5))
def test_what_is_chosen_is_an_option_or_none(text: str, options: list[str]) -> None:
    assert chosen(text, options) in range(-1, len(options))


SOURCES = st.lists(st.sampled_from(["a.md", "b c", "文書", "وثيقة", "e", "f", "g"]), max_size=12)


@given(SOURCES, SOURCES.filter(bool), st.integers(1, 8))
def test_rankings_are_measured_as_trec_defines_it(found: list[str], right: list[str], k: int) -> None:
    judged, relevant = ranked(*found, relevant=right), set(right)
    order = [source for n, source in enumerate(found) if source not in found[:n]]
    ranks = [rank for rank, source in enumerate(order, start=1) if source in relevant]
    gain = sum(1 / math.log2(rank + 1) for rank in ranks if rank <= k)
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(relevant)) + 1))
    precisions = sum(n / rank for n, rank in enumerate(ranks, start=1))
    assert recall_at(k)(judged) == pytest.approx(sum(rank <= k for rank in ranks) / len(relevant))
    assert ndcg_at(k)(judged) == pytest.approx(gain / ideal)
    assert reciprocal_rank(judged) == pytest.approx(1 / ranks[0] if ranks else 0)
    assert average_precision(judged) == pytest.approx(precisions / len(relevant))


LANGUAGES = st.lists(st.sampled_from(["ar", "en", "fi", "yo"]), max_size=5).map(" ".join)


@given(st.lists(st.tuples(st.sampled_from(["ar", "en", "yo"]), LANGUAGES, LANGUAGES), max_size=6))
def test_shares_are_of_one_whole_and_biases_between_0_and_1(rows: Sequence[tuple[str, str, str]]) -> None:
    records = [evidence(*row, available="ar;en") for row in rows]
    for found in evidence_by_question(records).values():
        for shares in (found.available, found.shown, found.shown_to_cite, found.cited):
            assert not shares or sum(shares.values()) == pytest.approx(1)
    assert all(-1e-9 <= figure <= 1 + 1e-9 for figure in evidence_languages(records).values())


@given(st.lists(st.tuples(st.sampled_from(["q1", "q2", "q3"]), CODES, st.booleans()), max_size=9))
def test_agreement_is_that_of_all_pairs_whatever_their_order(rows: Sequence[tuple[str, str, bool]]) -> None:
    records = [parallel(code, "1834" if right else "1835", group=group) for group, code, right in rows]
    means = []
    for group in ("q1", "q2", "q3"):
        asked = [(code, right) for name, code, right in rows if name == group]
        pairs = [one[1] == other[1] for one, other in combinations(asked, 2) if one[0] != other[0]]
        means += [sum(pairs) / len(pairs)] if pairs else []
    figures = consistency(records)
    assert figures.get("consistency") == (pytest.approx(sum(means) / len(means)) if means else None)
    assert consistency(records[::-1]) == pytest.approx(figures)
