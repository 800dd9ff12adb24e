"""Each scorer judges what it says it does, in the languages people write, and nothing else."""

import sys
from collections.abc import Mapping, Sequence

import pytest

from tests.evaluation_records import TEXTS
from xagent.answer import Answer, AnswerCitation, AnswerClaim, QuestionLanguage, RetrievedPassage, Usage
from xagent.errors import MissingExtra
from xagent.evaluation.records import ForeignPart, Record
from xagent.evaluation.samples import Sample, Scorer
from xagent.evaluation.scorers import language, strings
from xagent.evaluation.scorers.abstention import abstains_rightly, abstains_wrongly
from xagent.evaluation.scorers.bias import evidence_by_question, evidence_languages
from xagent.evaluation.scorers.choices import choice, chosen
from xagent.evaluation.scorers.consistency import consistency
from xagent.evaluation.scorers.correctness import correct, correct_in_language
from xagent.evaluation.scorers.grounding import grounded
from xagent.evaluation.scorers.ranking import average_precision, ndcg_at, recall_at, reciprocal_rank
from xagent.evaluation.scorers.strings import containing, exact, normalise, three_gram_recall, token_f1

STRINGS: tuple[Scorer, ...] = (
    strings.exact_match,
    strings.f1,
    strings.char3_recall,
    strings.chrf,
    strings.contains,
    strings.quotes_contain,
)


def answered(
    text: str, shown: Sequence[tuple[str, str]] = (), cited: Sequence[tuple[str, str, bool]] = (), *,
    abstained: bool = False,
) -> Answer:  # fmt: skip
    """An answer; `shown` are sources and languages, `cited` quotes, languages and whether they are there."""
    return Answer(
        question="?",
        question_language=QuestionLanguage(code="en", script="Latn", confidence=1.0),
        language="en",
        text=text,
        verdict="abstained" if abstained else "answered",
        reason="",
        citations=tuple(
            AnswerCitation(
                n=n, source="s", title="t", language=code, quote=quote, start=0, end=len(quote), verified=true
            )
            for n, (quote, code, true) in enumerate(cited, start=1)
        ),
        passages=tuple(
            RetrievedPassage(id=f"{source}#{n}", source=source, language=code, score=1 / (n + 1), text="")
            for n, (source, code) in enumerate(shown)
        ),
        usage=Usage(),
        timings={},
        graph="qa",
        model=None,
    )


def record(
    answer: Answer | None, golds: Sequence[str] = (), language: str = "en", *, group: str = "",
    answer_language: str = "", relevant: Sequence[str] = (), answerable: bool = True, repeat: int = 0,
    options: Sequence[str] = (), claims: Sequence[AnswerClaim] = (), foreign: int = 0, sentences: int = 1,
    facts: Mapping[str, str] | None = None,
) -> Record:  # fmt: skip
    asked = Sample(
        id=f"{language}-{group}", question="?", language=language, answers=tuple(golds), group=group,
        answer_language=answer_language, relevant=tuple(relevant), answerable=answerable,
        options=tuple(options), facts=facts or {},
    )  # fmt: skip
    parts = tuple(ForeignPart(start=n, end=n + 1, language="de") for n in range(foreign))
    return Record(
        key="k", sample=asked, answer=answer, claims=tuple(claims), foreign=parts, sentences=sentences,
        repeat=repeat, error="" if answer else "the server did not answer",
    )  # fmt: skip


# --- strings ---


@pytest.mark.parametrize(
    ("code", "text", "normal"),
    [
        ("en", "The “Eiffel” Tower, a landmark.", "eiffel tower landmark"),
        ("de", "Der Rhein; die Elbe!", "rhein elbe"),
        ("es", "¿El Guadalquivir?", "guadalquivir"),
        ("vi", "Cái trống của làng", "trống làng"),
        ("ar", "القاهرة، عاصمة البلاد", "قاهرة عاصمة بلاد"),
        ("hi", "गंगा नदी।", "गंगा नदी"),
        ("zh", "《红楼梦》（1791年）iPhone手机", "红 楼 梦 1791 年 iphone 手 机"),
        ("ja", "富士山は、高い。", "富 士 山 は 高 い"),
        ("th", "แม่น้ำ", "แ ม ่ น ้ ำ"),
        ("he", "ירושלים, בירת ישראל", "ירושלים בירת ישראל"),
        ("tr", "İstanbul'un", "i\u0307stanbulun"),
        ("fi", "The on englantia.", "the on englantia"),
        ("yo", "O\u0300ke\u0300 wa\u0300!", "òkè wà"),
        ("zh-Hant", "黃河。", "黃 河"),
    ],
)
def test_the_normal_form_is_the_languages_own(code: str, text: str, normal: str) -> None:
    assert normalise(text, code) == normal


def test_exact_match_takes_any_gold_answer_and_f1_the_best() -> None:
    golds = ("Mount Kilimanjaro", "Kilimanjaro")
    assert exact("the Kilimanjaro.", golds, "en") == 1
    assert exact("Kilimanjaro in Tanzania", golds, "en") == 0
    assert token_f1("Kilimanjaro in Tanzania", golds, "en") == pytest.approx(0.5)
    assert token_f1("北京市", ("北京",), "zh") == pytest.approx(0.8)
    assert token_f1("the", ("a",), "en") == 0  # SQuAD 1.1: no token in common


@pytest.mark.parametrize(
    ("said", "gold", "recall"),
    [
        ("The Eiffel Tower", "Eiffel", 1.0),  # eif iff ffe fel
        ("Eiffelturm", "Eiffel Tower", 4 / 7),  # of eif iff ffe fel tow owe wer
        ("of", "of Ur", 1 / 2),  # words of two letters are whole
        ("banana", "bananana", 4 / 6),  # ban ana nan ana of ban ana nan ana nan ana
        ("Пушкина", "Пушкин", 1.0),
        ("東京都", "東京", 0.0),  # 東京都 is one 3-gram, 東京 a whole word
        ("", "Ankara", 0.0),
        ("the", "a", 0.0),  # nothing is left of the gold answer
    ],
)
def test_three_gram_recall_is_as_bergen_has_it(said: str, gold: str, recall: float) -> None:
    assert three_gram_recall(said, (gold,)) == pytest.approx(recall)


def test_three_gram_recall_is_of_the_gold_answer_nearest() -> None:
    assert three_gram_recall("in Kampala", ("Nairobi", "Kampala")) == 1


@pytest.mark.parametrize(
    ("said", "gold"),
    [
        ("يعود إلى سنة ١٨٣٤.", "1834"),
        ("It dates from 1834.", "۱۸۳۴"),
        ("Nüfusu 1.500.000 kişidir.", "1,500,000"),
        ("जनसंख्या १,५०,००० है।", "150000"),
        ("Asukkaita on 12\u00a0500.", "12500"),
        ("建于 1415 年", "1415年"),
        ("ＮＡＴＯに加盟", "Nato"),
        ("ｷﾘﾏﾝｼﾞｬﾛ山", "キリマンジャロ"),
        ("ב„הארץ” נכתב", '"הארץ"'),
        ("בטנזניה", "טנזניה"),
        ("مَكَّةَ المُكَرَّمَة", "مكة المكرمة"),
        ("Syntyi 12.5.1990 Oulussa.", "1990"),
        ("Keniassa ja Ugandassa", "Kenia"),
        ("nchini Tanzania.", "TANZANIA"),
        ("O\u0300ke\u0300 ni.", "Òkè"),
        ("ก่อตั้งเมื่อ พ.ศ. ๒๓๒๕", "2325"),
        ("Die Straße heißt so.", "STRASSE"),
        ("It is **Jean-Paul** Sartre", "Jean Paul Sartre"),
        ("在UK的人", "UK"),
        ("She moved to the U.S.A. in 1961.", "USA"),
        ("The USA did.", "U.S.A."),
        ("a U.S.-led force", "US"),
        ("στις ΗΠΑ", "Η.Π.Α."),
        ("ब्रिटेन ने वि-मान भेजा।", "विमान"),
        ("He sent an e-mail.", "email"),
        ("per email", "e-mail"),
        ("דובר צה״ל", "צהל"),
        ("COVID-19", "Covid19"),
        ("Merkezi DİYARBAKIR'dır.", "Diyarbakır"),
        ("ISTANBUL'da", "İstanbul"),
        ("Yazarı: IŞIK", "Işık"),
        ("Bakı, AZƏRBAYCAN Respublikasının İLK paytaxtı", "ilk paytaxtı"),
        ("ΑΘΗΝΑ", "Αθήνα"),
        ("ΜΑΪΟΣ 1936", "Μάιος"),
        ("Lämpötila oli –5 °C.", "-5 °C"),
        ("气温为-5度", "-5度"),
        ("气温为-5度", "−5度"),
        ("歼20是战斗机", "歼-20"),
        ("הטמפרטורה \u200e-5 מעלות", "−5"),
        ("درجة الحرارة (-٥)", "-5"),
        ("Yliopisto toimi 1914–1918.", "1918"),
        ("between 1914 -1918", "1918"),
        ("Tarehe 2020-05-17.", "17"),
        ("在1964年建成", "1964"),
        ("ก่อตั้งในปี1964", "1964"),
        ("1964년에 지어졌다", "1964"),
        ("1964లో కట్టారు", "1964"),
        ("1964'te açıldı", "1964"),
        ("5km", "5"),
        ("1960-luvulla", "1960"),
        ("נוסדה ב־1948", "1948"),
        ("נוסדה ב1948", "1948"),
        ("ngo-1994", "1994"),
    ],
)
def test_a_gold_answer_stands_however_it_is_written(said: str, gold: str) -> None:
    assert containing(said, (gold,)) == 1


@pytest.mark.parametrize(
    ("said", "gold"),
    [
        ("in 1834", "3"),
        ("in 1834", "183"),
        ("They do not know.", "no"),
        ("thus", "US"),
        ("35 km", "3.5 km"),
        ("Nairobi", "Kampala"),
        ("Nairobi", "—"),
        ("5 °C", "-5 °C"),
        ("−5 °C", "5 °C"),
        ("-5 °C", "5"),
        ("-15 °C", "-5"),
        ("-5,5 °C", "-5"),
        ("1914-1918", "-1918"),
        ("vitamini B12", "12"),
        ("Т34", "34"),
        ("", "Nairobi"),
        ("", ""),
    ],
)
def test_a_gold_answer_does_not_stand_where_no_reader_sees_it(said: str, gold: str) -> None:
    assert containing(said, (gold,)) == 0


@pytest.mark.parametrize("code", TEXTS)
def test_in_every_language_the_right_sentence_has_the_answer_and_the_wrong_one_not(code: str) -> None:
    texts = TEXTS[code]
    cited = ((texts.passage, code, True),)
    right = record(answered(f"{texts.sentence} [1]", cited=cited), (texts.gold,), code)
    wrong = record(answered(f"{texts.wrong} [1]"), (texts.gold,), code)
    assert [strings.contains(right), strings.quotes_contain(right)] == [1, 1]
    assert [strings.contains(wrong), strings.quotes_contain(wrong)] == [0, 0]
    for scorer in (strings.char3_recall, strings.chrf):
        better, worse = scorer(right), scorer(wrong)
        assert better is not None
        assert worse is not None
        assert better > worse


@pytest.mark.parametrize("scorer", STRINGS)
def test_without_a_gold_answer_there_is_nothing_to_compare(scorer: Scorer) -> None:
    assert scorer(record(answered("Nairobi"))) is None
    assert scorer(record(answered("Nairobi"), ("Nairobi",), answerable=False)) is None


@pytest.mark.parametrize("scorer", STRINGS)
def test_to_abstain_where_there_is_an_answer_is_worth_nothing(scorer: Scorer) -> None:
    notice = "The documents do not say whether it is Nairobi."
    assert scorer(record(answered(notice, abstained=True), ("Nairobi",))) == 0


def test_an_answer_is_normalised_in_the_language_it_is_to_be_in() -> None:
    assert strings.exact_match(record(answered("Der Rhein"), ("Rhein",), "en", answer_language="de")) == 1
    assert strings.exact_match(record(answered("Der Rhein"), ("Rhein",), "en")) == 0


def test_citation_marks_are_not_part_of_the_answer() -> None:
    assert strings.exact_match(record(answered("Nairobi [1][2]"), ("Nairobi",))) == 1


# --- choices ---

SUDANS = ("جنوب السودان", "السودان")


@pytest.mark.parametrize(
    ("text", "options", "index"),
    [
        ("A) South Sudan", ("South Sudan", "Sudan"), 0),
        ("B. Sudan", ("South Sudan", "Sudan"), 1),
        ("**B)** Sudan, not A) South Sudan", ("South Sudan", "Sudan"), 1),
        ("b", ("South Sudan", "Sudan"), 1),
        ("It is part of South Sudan.", ("South Sudan", "Sudan"), 0),
        ("It is part of Sudan.", ("South Sudan", "Sudan"), 1),
        ("Sudan, and not South Sudan.", ("South Sudan", "Sudan"), -1),
        ("The answer is (B).", ("South Sudan", "Sudan"), 1),
        ("Either A) or B).", ("South Sudan", "Sudan"), -1),
        ("C) Egypt", ("South Sudan", "Sudan"), -1),
        ("I do not know.", ("South Sudan", "Sudan"), -1),
        ("", ("South Sudan", "Sudan"), -1),
        ("A) جنوب السودان", SUDANS, 0),
        ("هي أراضي جنوب السودان.", SUDANS, 0),
        ("هي أراضي السودان.", SUDANS, 1),
        ("我选Ｂ）印度。", ("中华民国", "印度"), 1),
        ("属于印度", ("中华民国", "印度"), 1),
        ("भारत का क्षेत्र है।", ("पाकिस्तान", "भारत"), 1),
        ("เป็นเขตแดนของประเทศไทย", ("มาเลเซีย", "ประเทศไทย"), 1),
        ("זה שייך לישראל", ("ירדן", "ישראל"), 1),
        ("インドの領土です。", ("中国", "インド"), 1),
        ("Iran", ("Iraq", "Iran"), 1),
        ("It belongs to the U.S.A.", ("Canada", "USA"), 1),
    ],
)
def test_what_an_answer_chooses(text: str, options: Sequence[str], index: int) -> None:
    assert chosen(text, options) == index


CITIES = ("Oslo", "Bergen", "Bodø")


@pytest.mark.parametrize(
    "text",
    [
        "The answer is B.",
        "Answer: B",
        "Option B",
        "**Answer:** B",
        "The correct answer is **B** because the text says so.",
        "The answer is B. It says so.",
        "A careful reading shows that the answer is B.",
        "The answer is:\nB\nThe text says so.",
        "答案是B",
        "答案：Ｂ",
        "我选B，因为文中有说明。",
        "正解はBです。",
        "정답은 B입니다.",
        "الجواب هو B",
        "الجواب B لأن النص يقول ذلك",
        "התשובה היא B.",
        "उत्तर B है।",
        "คำตอบคือ B",
        "ข้อ B ถูกต้อง",
        "Doğru cevap B'dir.",
        "Cevap: B, çünkü öyle yazıyor.",
        "Oikea vastaus on B.",
        "Jibu sahihi ni B.",
        "Ìdáhùn náà jẹ́ B, nítorí pé bẹ́ẹ̀ ni.",
        "A resposta é B.",
        "Ответ: B",
        "Η απάντηση είναι B.",
    ],
)
def test_a_letter_by_itself_is_a_choice_where_it_can_be_nothing_else(text: str) -> None:
    assert chosen(text, CITIES) == 1
    assert chosen(text, CITIES[:1]) == -1


@pytest.mark.parametrize(
    "text",
    [
        "A river runs there.",
        "It is a river. A lake is near.",
        "John B. Smith wrote it.",
        "It was John B. Smith who said so.",
        "B型肝炎",
        "维生素B含量高",
        "They are in the U.S.A.",
        "It is written in C++.",
        "Plan A is what they had in mind.",
        "5 °C",
        "A&B",
        "B-vitamiinit",
        "Neither A nor B.",
        "A or B.",
        "选A和B。",
        "Either B, I think, or C.",
    ],
)
def test_a_letter_that_could_be_something_else_chooses_nothing(text: str) -> None:
    assert chosen(text, CITIES) == -1


def test_a_choice_is_right_when_it_is_a_gold_answer() -> None:
    assert choice(record(answered("B) 印度 [1]"), ("印度",), "zh", options=("中华民国", "印度"))) == 1
    assert choice(record(answered("A)"), ("印度",), "zh", options=("中华民国", "印度"))) == 0
    assert choice(record(answered("不知道"), ("印度",), "zh", options=("中华民国", "印度"))) == 0
    assert choice(record(answered("A)"), (), options=("Iraq", "Iran"))) is None
    assert choice(record(answered("Iran"), ("Iran",))) is None


# --- language ---


def test_one_part_in_another_language_makes_the_answer_wrong() -> None:
    mixed = record(answered("..."), language="fi", foreign=1, sentences=4)
    assert language.right_language(mixed) == 0
    assert language.right_sentences(mixed) == pytest.approx(0.75)
    assert language.right_language(record(answered("..."), language="fi")) == 1


def test_a_sentence_on_several_lines_counts_once() -> None:
    assert language.right_sentences(record(answered("..."), foreign=3, sentences=2)) == 0


def test_the_notice_of_an_answer_that_abstains_is_judged_too() -> None:
    notice = record(answered("The documents do not say.", abstained=True), language="yo", foreign=1)
    assert language.right_language(notice) == 0


@pytest.mark.parametrize("code", ["bem", "ee", "und", ""])
def test_a_language_that_cannot_be_told_is_not_judged(code: str) -> None:
    told = record(answered("..."), ("x",), code)
    assert language.right_language(told) is None
    assert language.right_sentences(told) is None
    assert correct_in_language(told) is None


def test_a_text_without_a_sentence_has_no_language() -> None:
    empty = record(answered(""), sentences=0)
    assert language.right_language(empty) is None
    assert language.right_sentences(empty) is None


@pytest.mark.parametrize(
    ("heard", "code", "judged"),
    [
        ({"nb": 0.6, "da": 0.4}, "no", 1.0),
        ({"en": 0.9, "fi": 0.1}, "fi", 0.0),
        ({"en": 0.9, "fi": 0.1}, "ak", None),
        ({"en": 0.0, "fi": 0.0}, "fi", None),
    ],
)
def test_lingua_judges_the_languages_it_knows(
    monkeypatch: pytest.MonkeyPatch, heard: dict[str, float], code: str, judged: float | None
) -> None:
    monkeypatch.setattr(language, "detector", lambda _: lambda text, top: heard)
    assert language.right_language_lingua(record(answered("..."), language=code)) == judged


def test_without_lingua_its_scorer_judges_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise MissingExtra("lingua", "lingua")

    monkeypatch.setattr(language, "detector", missing)
    assert language.right_language_lingua(record(answered("Silta on vanha."), language="fi")) is None


@pytest.mark.parametrize("code", TEXTS)
def test_lingua_tells_a_sentence_in_each_language(code: str) -> None:
    pytest.importorskip("lingua")
    assert language.right_language_lingua(record(answered(TEXTS[code].passage), language=code)) == 1
    wrong = record(answered(TEXTS["fi" if code == "en" else "en"].passage), language=code)
    assert language.right_language_lingua(wrong) == 0


# --- grounding, abstention, correctness ---


def test_a_claim_is_grounded_by_a_citation_that_was_found() -> None:
    answer = answered("... [1][2]", cited=(("quote", "sw", True), ("made up", "sw", False)))
    claims = [
        AnswerClaim(text="one", citations=(1,)),
        AnswerClaim(text="", citations=(2, 1)),
        AnswerClaim(text="two", citations=(2,)),
        AnswerClaim(text="three", citations=()),
    ]
    assert grounded(record(answer, claims=claims)) == pytest.approx(0.5)
    assert grounded(record(answer)) == 0
    assert grounded(record(answered("...", abstained=True))) is None


def test_abstention_is_judged_by_whether_there_is_an_answer() -> None:
    silent, said = answered("...", abstained=True), answered("...")
    assert [abstains_rightly(record(a, answerable=False)) for a in (silent, said)] == [1, 0]
    assert [abstains_wrongly(record(a)) for a in (silent, said)] == [1, 0]
    assert abstains_rightly(record(silent)) is None
    assert abstains_wrongly(record(silent, answerable=False)) is None


def test_correct_takes_the_choice_where_there_is_one() -> None:
    assert correct(record(answered("B) Iran"), ("Iran",), options=("Iraq", "Iran"))) == 1
    assert correct(record(answered("Iran or Iraq"), ("Iran",), options=("Iraq", "Iran"))) == 0
    assert correct(record(answered("Iran or Iraq"), ("Iran",))) == 1
    assert correct(record(answered("..."), answerable=False)) is None


def test_only_what_is_right_and_in_the_right_language_is_of_use() -> None:
    def useful(text: str, foreign: int) -> float | None:
        return correct_in_language(record(answered(text), ("Tansania",), "fi", foreign=foreign))

    assert [useful("Tansaniassa.", 0), useful("In Tansania.", 1), useful("Keniassa.", 0)] == [1, 0, 0]
    assert correct_in_language(record(answered("..."), (), "fi")) is None


# --- ranking ---


def ranked(*sources: str, relevant: Sequence[str]) -> Record:
    return record(answered("...", shown=[(source, "en") for source in sources]), relevant=relevant)


def test_a_ranking_is_of_documents_each_where_it_is_first() -> None:
    found = ranked("sw/other.md", "sw/other.md", "文書 1", "sw/last.md", relevant=("文書 1", "fi/none.md"))
    assert reciprocal_rank(found) == pytest.approx(1 / 2)
    assert average_precision(found) == pytest.approx(1 / 4)
    assert [recall_at(1)(found), recall_at(2)(found)] == [0, pytest.approx(1 / 2)]
    assert ndcg_at(10)(found) == pytest.approx(0.6309297536 / 1.6309297536)


@pytest.mark.parametrize("scorer", [recall_at(5), ndcg_at(5), reciprocal_rank, average_precision])
def test_nothing_found_is_worth_nothing_and_nothing_known_is_not_judged(scorer: Scorer) -> None:
    assert scorer(ranked(relevant=("a",))) == 0
    assert scorer(ranked("a", relevant=())) is None
    assert scorer(record(None, relevant=("a",))) is None


@pytest.mark.parametrize(
    ("package", "scorer", "judged"),
    [
        ("sacrebleu.metrics.chrf", strings.chrf, record(answered("a"), ("a",))),
        ("ir_measures", reciprocal_rank, ranked("a", relevant=("a",))),
    ],
)
def test_a_package_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, package: str, scorer: Scorer, judged: Record
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=r"xagent\[eval\]"):
        scorer(judged)


# --- bias ---


def evidence(asked: str, shown: str, cited: str, available: str = "") -> Record:
    """A record whose passages and citations are in the languages named, a code each."""
    answer = answered(
        "...",
        shown=[("s", code) for code in shown.split()],
        cited=[("q", code, True) for code in cited.split()],
    )
    return record(answer, language=asked, facts={"available": available} if available else None)


def test_every_question_counts_the_same_in_the_shares() -> None:
    found = evidence_by_question([evidence("ar", "ar", ""), evidence("ar", "en en ar en", "en")])["ar"]
    assert found.shown == {"ar": pytest.approx(0.625), "en": pytest.approx(0.375)}
    assert found.shown_to_cite == {"ar": 0.25, "en": 0.75}
    assert found.cited == {"en": 1}
    assert found.available == {}


def test_bias_is_how_far_the_shares_are_apart() -> None:
    figures = evidence_languages(
        [
            evidence("ar", "en en ar ar", "en", available="ar;en;fi;sw"),
            evidence("en", "en en en ar", "en en en ar", available="ar;en;fi;sw"),
        ]
    )
    assert figures == {
        "shown_own": pytest.approx((0.5 + 0.75) / 2),
        "cited_own": pytest.approx((0 + 0.75) / 2),
        "shown_english": pytest.approx(0.5),
        "cited_english": pytest.approx(1),
        "shown_bias": pytest.approx(0.5),
        "cited_bias": pytest.approx((0.5 + 0) / 2),
    }


def test_a_figure_without_evidence_is_left_out() -> None:
    assert evidence_languages([]) == {}
    assert evidence_languages([evidence("en", "", "")]) == {}
    assert evidence_languages([evidence("en", "en", "")]) == {"shown_own": 1}


# --- consistency ---


def parallel(
    language: str, text: str, *, group: str = "q1", repeat: int = 0, options: Sequence[str] = ()
) -> Record:
    return record(answered(text), ("1834",), language, group=group, repeat=repeat, options=options)


def test_parallel_answers_agree_when_all_are_right_or_all_wrong() -> None:
    asked = [parallel("ar", "١٨٣٤"), parallel("fi", "Vuonna 1834."), parallel("sw", "Mwaka 1835.")]
    again = [parallel("ar", "١٨٣٥", group="q2"), parallel("fi", "Ei tiedetä.", group="q2")]
    figures = consistency([*asked, *again])
    assert figures["consistency"] == pytest.approx((1 / 3 + 1) / 2)
    assert figures["correct_overlap"] == pytest.approx((1 + 0 + 0) / 3)
    assert "choice_consistency" not in figures


def test_parallel_choices_agree_by_their_place() -> None:
    def asked(language: str, text: str, options: Sequence[str]) -> Record:
        return parallel(language, text, options=options)

    iraq_iran = ("Iraq", "Iran")
    answers = [asked("en", "B)", iraq_iran), asked("fa", "ایران", ("عراق", "ایران"))]
    assert consistency(answers)["choice_consistency"] == 1
    answers.append(asked("zh", "不知道", ("伊拉克", "伊朗")))
    assert consistency(answers)["choice_consistency"] == pytest.approx(1 / 3)


def test_only_the_same_question_of_the_same_repeat_in_another_language_is_compared() -> None:
    assert consistency([parallel("ar", "1834"), parallel("ar", "1835")]) == {}
    assert consistency([parallel("ar", "1834"), parallel("fi", "1835", repeat=1)]) == {}
    assert consistency([parallel("ar", "1834"), parallel("fi", "1835", group="q2")]) == {}
    assert consistency([parallel("ar", "1834", group=""), parallel("fi", "1834", group="")]) == {}


@pytest.mark.parametrize(
    ("said", "gold"),
    [("3.5 km pitkä", "3"), ("1834.75", "1834"), ("3,5 кг", "5"), ("٣٫٥ كم", "3"), ("长3.5公里", "5")],
)
def test_a_part_of_a_decimal_number_is_no_answer(said: str, gold: str) -> None:
    assert containing(said, [gold]) == 0.0
    assert containing(said, [said.split(maxsplit=1)[0]]) == 1.0
