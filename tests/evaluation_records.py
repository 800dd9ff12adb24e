"""Records as a run leaves them, for the tests of what reads them: many languages, and whatever goes wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from xagent.answer import (
    Answer,
    AnswerCitation,
    AnswerClaim,
    ModelCall,
    QuestionLanguage,
    RetrievedPassage,
    Usage,
)
from xagent.evaluation.records import ForeignPart, Record
from xagent.evaluation.samples import Sample
from xagent.languages import language
from xagent.replies import Draft, DraftClaim, Evidence

HOSTILE = (
    "<script>window.broken = 1</script><img src=x onerror='window.broken = 2'></script>"
    "<!-- <b>bold</b> &lt;i&gt; \u2028\u2029\u202e\x1b[31m]]> javascript:alert(1) http://example.org/x"
)
"""What a document or a model may say to break the page or the terminal that shows it."""


@dataclass(frozen=True)
class Texts:
    """One fact in one language: `sentence` answers `question` by `gold`, `passage` says more around it."""

    question: str
    gold: str
    sentence: str
    wrong: str
    passage: str


TEXTS = {
    "en": Texts(
        "In which country does Mount Kilimanjaro stand?",
        "Tanzania",
        "Mount Kilimanjaro stands in Tanzania.",
        "Mount Kilimanjaro stands in Kenya.",
        "Kilimanjaro is the highest mountain in Africa. It stands in the north-east of Tanzania.",
    ),
    "ar": Texts(
        "في أي بلد يقع جبل كليمنجارو؟",
        "تنزانيا",
        "يقع جبل كليمنجارو في تنزانيا.",
        "يقع جبل كليمنجارو في كينيا.",
        "كليمنجارو هو أعلى جبل في أفريقيا، ويقع في شمال شرق تنزانيا.",
    ),
    "he": Texts(
        "באיזו מדינה נמצא הר קילימנג'רו?",
        "טנזניה",
        "הר קילימנג'רו נמצא בטנזניה.",
        "הר קילימנג'רו נמצא בקניה.",
        "קילימנג'רו הוא ההר הגבוה ביותר באפריקה, והוא נמצא בצפון-מזרח טנזניה.",
    ),
    "hi": Texts(
        "माउंट किलिमंजारो किस देश में स्थित है?",
        "तंज़ानिया",
        "माउंट किलिमंजारो तंज़ानिया में स्थित है।",
        "माउंट किलिमंजारो केन्या में स्थित है।",
        "किलिमंजारो अफ़्रीका का सबसे ऊँचा पर्वत है। यह तंज़ानिया के उत्तर-पूर्व में स्थित है।",
    ),
    "zh": Texts(
        "乞力马扎罗山位于哪个国家？",
        "坦桑尼亚",
        "乞力马扎罗山位于坦桑尼亚。",
        "乞力马扎罗山位于肯尼亚。",
        "乞力马扎罗山是非洲最高的山，位于坦桑尼亚东北部。",
    ),
    "ja": Texts(
        "キリマンジャロ山はどの国にありますか。",
        "タンザニア",
        "キリマンジャロ山はタンザニアにあります。",
        "キリマンジャロ山はケニアにあります。",
        "キリマンジャロはアフリカで最も高い山で、タンザニアの北東部にあります。",
    ),
    "th": Texts(
        "ภูเขาคิลิมันจาโรตั้งอยู่ในประเทศใด",
        "แทนซาเนีย",
        "ภูเขาคิลิมันจาโรตั้งอยู่ในประเทศแทนซาเนีย",
        "ภูเขาคิลิมันจาโรตั้งอยู่ในประเทศเคนยา",
        "คิลิมันจาโรเป็นภูเขาที่สูงที่สุดในทวีปแอฟริกา ตั้งอยู่ทางตะวันออกเฉียงเหนือของประเทศแทนซาเนีย",
    ),
    "tr": Texts(
        "Kilimanjaro Dağı hangi ülkede bulunur?",
        "Tanzanya",
        "Kilimanjaro Dağı Tanzanya sınırları içindedir.",
        "Kilimanjaro Dağı Kenya sınırları içindedir.",
        "Kilimanjaro, Afrika'nın en yüksek dağıdır ve Tanzanya kuzeydoğusunda yer alır.",
    ),
    "fi": Texts(
        "Missä maassa Kilimanjaro sijaitsee?",
        "Tansania",
        "Kilimanjaro sijaitsee maassa nimeltä Tansania.",
        "Kilimanjaro sijaitsee Keniassa.",
        "Kilimanjaro on Afrikan korkein vuori. Valtio, jonka koillisosassa se kohoaa, on Tansania.",
    ),
    "sw": Texts(
        "Mlima Kilimanjaro uko katika nchi gani?",
        "Tanzania",
        "Mlima Kilimanjaro uko nchini Tanzania.",
        "Mlima Kilimanjaro uko nchini Kenya.",
        "Kilimanjaro ni mlima mrefu kuliko yote barani Afrika. Uko kaskazini mashariki mwa Tanzania.",
    ),
    "yo": Texts(
        "Orílẹ̀-èdè wo ni òkè Kilimanjaro wà?",
        "Tanzania",
        "Òkè Kilimanjaro wà ní orílẹ̀-èdè Tanzania.",
        "Òkè Kilimanjaro wà ní orílẹ̀-èdè Kenya.",
        "Kilimanjaro ni òkè tó ga jù lọ ní Áfríkà. Ó wà ní àríwá ìlà-oòrùn orílẹ̀-èdè Tanzania.",
    ),
}

OUTCOMES = (
    "right",
    "retrieval",
    "reading",
    "right",
    "verification",
    "language",
    "abstained",
    "silent",
    "unfounded",
    "failed",
)
"""What becomes of the samples, in turn; `silent` and `unfounded` have no answer in the documents."""


def sample(n: int, asked: str, evidence: str, *, answerable: bool = True) -> Sample:
    """Number `n`: asked in one language, answered by a document in another."""
    texts = TEXTS[asked]
    return Sample(
        id=f"{asked}-{evidence}-{n}",
        question=texts.question,
        language=asked,
        answers=(texts.gold,) if answerable else (),
        group=f"fact-{n}",
        setting="same" if asked == evidence else "cross",
        relevant=(f"{evidence}/kilimanjaro.md",) if answerable else (),
        evidence_language=evidence,
        answerable=answerable,
    )


def call(step: str, reply: str) -> ModelCall:
    """A request as the model's client keeps it."""
    return ModelCall(
        step=step,
        messages=(
            ("system", "You answer questions from passages."),
            ("human", f"<passage>{HOSTILE}</passage>"),
        ),
        reply=reply,
        prompt_tokens=900,
        completion_tokens=40,
        milliseconds=812.5,
    )


def draft(text: str, quote: str) -> str:
    """The reply to the prompt `answer`."""
    claim = DraftClaim(evidence=(Evidence(passage=1, quote=quote),), text=text)
    return Draft(claims=(claim,)).model_dump_json()


def passage(code: str, *, relevant: bool = True) -> RetrievedPassage:
    """What a search brought: the text that answers, or another of the language, which is hostile."""
    source = f"{code}/{'kilimanjaro' if relevant else 'other'}.md"
    text = TEXTS[code].passage if relevant else HOSTILE
    return RetrievedPassage(id=f"{source}#0", source=source, language=code, score=0.5, text=text)


def answer(
    asked: str, text: str, passages: Sequence[RetrievedPassage], *, written: str = "", abstained: bool = False
) -> Answer:
    """An answer of one sentence in the language `written`, that cites the first passage."""
    first = passages[0]
    citation = AnswerCitation(
        n=1, source=first.source, title=f"<b>{first.source}</b>", language=first.language,
        quote=first.text, start=0, end=len(first.text), verified=True,
    )  # fmt: skip
    return Answer(
        question=TEXTS[asked].question,
        question_language=QuestionLanguage(code=asked, script=language(asked).scripts[0], confidence=0.98),
        language=written or asked,
        text=text if abstained else f"{text} [1]",
        verdict="abstained" if abstained else "answered",
        reason="no passage answers it" if abstained else "",
        citations=() if abstained else (citation,),
        passages=tuple(passages),
        usage=Usage(model_calls=1, prompt_tokens=900, completion_tokens=40),
        timings={"retrieve": 12.0, "model:answer": 812.5},
        graph="qa",
        model="test-model",
    )


def record(n: int, asked: str, evidence: str, outcome: str) -> Record:
    """Sample `n` with one of the OUTCOMES."""
    asks = sample(n, asked, evidence, answerable=outcome not in ("silent", "unfounded"))
    texts = TEXTS[asked]
    if outcome == "failed":
        return Record(key=asks.id, sample=asks, error=f"the server answered 500: {HOSTILE}", seconds=1.0)
    other = "de" if asked == "en" else "en"
    written = "Der Kilimandscharo steht in Tanzania." if asked == "en" else f"It is {texts.gold}, they say."
    drafted = texts.wrong if outcome == "reading" else texts.sentence
    said = {"reading": texts.wrong, "verification": texts.wrong, "language": written}.get(outcome, drafted)
    passages = (passage(evidence, relevant=outcome != "retrieval"), passage("en", relevant=False))
    if outcome == "retrieval":
        drafted = said = texts.wrong
    abstained = outcome in ("abstained", "silent")
    said = f"({asked}) —" if abstained else said
    answered = answer(asked, said, passages, abstained=abstained)
    return Record(
        key=asks.id,
        sample=asks,
        answer=answered,
        calls=(call("answer", draft(drafted, passages[0].text)), call("verify", "not JSON \u2028 <b>")),
        claims=() if abstained else (AnswerClaim(text=said, citations=(1,)),),
        foreign=(ForeignPart(start=0, end=len(said), language=other),) if outcome == "language" else (),
        sentences=0 if abstained else 1,
        seconds=2.25,
    )


def records(n: int, languages: Sequence[str] = tuple(TEXTS)) -> list[Record]:
    """`n` records of drawn pairs of `languages`, with the OUTCOMES in turn; always the same for the same."""
    chance = Random(7)
    turns = [(i, chance.choice(languages), chance.choice(languages)) for i in range(n)]
    return [record(i, asked, evidence, OUTCOMES[i % len(OUTCOMES)]) for i, asked, evidence in turns]
