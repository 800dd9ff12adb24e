"""Each step by itself: what it reads of the state, and the fields it sets."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest
from langgraph.graph import START, StateGraph
from langgraph.runtime import Runtime

from xagent.agent import Agent
from xagent.context import Context
from xagent.languages import Detection
from xagent.messages import spoken, voice
from xagent.nodes.compose import compose
from xagent.nodes.detect import detect
from xagent.nodes.quote import quote
from xagent.nodes.retrieve import retrieve
from xagent.nodes.verify import stands, verify
from xagent.passages import Passage
from xagent.retrieval import Hit
from xagent.state import Citation, Claim, Quotation, State, Turn
from xagent.testing import agent_over

LIGHTHOUSE = "The Varnholm lighthouse was built in 1874 by the engineer Ida Brandt."
KLOSTER = "Das Kloster Quellingen wurde im Jahr 1203 von Abt Konrad gegründet."
WHEN = "When was the Varnholm lighthouse built by the engineer Ida Brandt?"
ENGLISH = Detection("en", "Latn", 0.99)


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    documents = {
        "lighthouse.md": f"# The Varnholm lighthouse\n\n{LIGHTHOUSE}\n",
        "kloster.md": f"# Das Kloster Quellingen\n\n{KLOSTER}\n",
    }
    with agent_over(tmp_path_factory.mktemp("nodes"), documents) as made:
        yield made


def runtime(agent: Agent, **choices: object) -> Runtime[Context]:
    agent.search("open the store")
    return Runtime(context=agent.context.but(**choices))


def found(agent: Agent) -> State:
    """The state after retrieve."""
    return State(WHEN, question_language=ENGLISH, answer_language="en", hits=tuple(agent.search(WHEN)))


def quoted(agent: Agent) -> State:
    """The state after quote."""
    state = found(agent)
    claims = quote(state, runtime(agent))["claims"]
    assert isinstance(claims, tuple)
    return replace(state, claims=claims)


def verified(state: State, agent: Agent) -> dict[str, object]:
    """What verify makes of claims without text: no model is asked."""
    return asyncio.run(verify(state, runtime(agent)))


def cited(*quotations: Quotation, **fields: object) -> State:
    claims = tuple(Claim("", (quotation,)) for quotation in quotations)
    state = State(WHEN, question_language=ENGLISH, answer_language="en", claims=claims, verdict="answered")
    return replace(state, **fields)  # type: ignore[arg-type]


def quotation(*, title: str = "T", language: str = "en", quote: str = "Said so.") -> Quotation:
    passage = Passage(1, "t.md", title, "", language, "Latn", 0, len(quote), quote)
    return Quotation(passage, 0, len(quote), quote)


# detect


@pytest.mark.parametrize(
    ("question", "asked", "conversation", "expected"),
    [
        (WHEN, "", (), ("en", "en")),
        (WHEN, "Deutsch", (), ("en", "de")),
        (WHEN, "zh-Hant", (), ("en", "zh")),
        ("Wann wurde das Kloster gegründet?", "", ("en",), ("de", "de")),
        ("1874?", "", (), ("und", "und")),
        ("1874?", "", ("sw", "de"), ("und", "sw")),
        ("1874?", "ja", ("sw",), ("und", "ja")),
    ],
)
def test_detect(
    agent: Agent, question: str, asked: str, conversation: tuple[str, ...], expected: tuple[str, str]
) -> None:
    turns = tuple(Turn("?", "!", language) for language in reversed(conversation))
    update = detect(State(question, asked, history=turns, failure="of before"), runtime(agent))
    assert (update["query"], update["failure"]) == (question, "")
    assert not {"question", "language", "history", "evidence"} & set(update)
    language = update["question_language"]
    assert isinstance(language, Detection)
    assert (language.code, update["answer_language"]) == expected


# retrieve


def test_retrieve_keeps_to_the_languages_and_number_chosen(agent: Agent) -> None:
    state = State(WHEN, question_language=ENGLISH, query=WHEN)

    def retrieved(**choices: object) -> list[Hit]:
        hits = retrieve(state, runtime(agent, **choices))["hits"]
        assert isinstance(hits, tuple)
        return list(hits)

    first = retrieved()[0]
    assert first.passage.source == "lighthouse.md"
    assert [hit.passage for hit in retrieved(k=1)] == [first.passage]
    assert [hit.passage.language for hit in retrieved(languages=("de",))] == ["de"]
    assert retrieved(languages=("yo",)) == []


# quote and verify


def test_quote_offers_what_stands_in_the_document(agent: Agent) -> None:
    (claim,) = quoted(agent).claims
    (found_one,) = claim.quotations
    assert (claim.text, found_one.text) == ("", LIGHTHOUSE)
    assert 0 < found_one.score <= 1
    assert quote(State(WHEN), runtime(agent)) == {"claims": ()}
    assert quote(found(agent), runtime(agent, max_quotes=0)) == {"claims": ()}


def test_verify_cites_what_stands(agent: Agent) -> None:
    state = quoted(agent)
    update = verified(state, agent)
    assert (update["claims"], update["verdict"]) == (state.claims, "answered")
    assert compose(replace(state, **update))["citations"] == (  # type: ignore[arg-type]
        Citation(1, "lighthouse.md", "The Varnholm lighthouse", "en", LIGHTHOUSE, 27, 96, True),
    )


def shifted(quotation: Quotation, start: int, end: int, text: str | None = None) -> Quotation:
    said = quotation.text if text is None else text
    return replace(quotation, start=quotation.start + start, end=quotation.end + end, text=said)


def test_a_quotation_that_is_off_by_one_character_does_not_stand(agent: Agent) -> None:
    ((quotation,),) = (claim.quotations for claim in quoted(agent).claims)
    assert stands(quotation, agent.store)
    assert stands(shifted(quotation, 4, 0, quotation.text[4:]), agent.store)
    wrong = [
        shifted(quotation, 1, 1),
        shifted(quotation, 0, -1),
        shifted(quotation, 0, 0, quotation.text.upper()),
        shifted(quotation, 0, 0, quotation.text.replace("1874", "1875")),
        shifted(quotation, 0, 0, ""),
        shifted(quotation, -10_000, 0),
        shifted(quotation, 10_000, 10_000, ""),
        replace(quotation, end=quotation.start, text=""),
        replace(quotation, passage=replace(quotation.passage, key=10**9)),
    ]
    assert not [one for one in wrong if stands(one, agent.store)]
    bad = tuple(Claim("", (one,)) for one in wrong)
    state = quoted(agent)
    assert verified(replace(state, claims=(*bad, *state.claims)), agent)["claims"] == state.claims
    assert verified(replace(state, claims=bad), agent) == {
        "claims": (),
        "verdict": "abstained",
        "reason": "no claim could be verified",
        "notice": "",
    }


def test_the_verdict_and_its_reason(agent: Agent) -> None:
    state = quoted(agent)
    weak = Claim("", (replace(state.claims[0].quotations[0], score=0.01),))
    told = {
        "nothing was found": State(WHEN),
        "no evidence found answers the question": found(agent),
        "the best sentence covers the question in part": replace(state, claims=(weak,)),
        "the best sentence covers the question": state,
    }
    verdicts = ["abstained", "abstained", "partial", "answered"]
    for verdict, (reason, before) in zip(verdicts, told.items(), strict=True):
        update = verified(before, agent)
        assert (update["verdict"], update["reason"]) == (verdict, reason)


# compose


def composed(state: State) -> dict[str, object]:
    """The fields it sets, run as a graph runs it: with no store to look at."""
    builder = StateGraph(State, context_schema=Context)
    builder.add_node("compose", compose)
    builder.add_edge(START, "compose")
    after = builder.compile().invoke(state, context=Context(store="none"))
    return {"text": after["text"], "answer_language": after["answer_language"]}


@pytest.mark.parametrize("code", spoken())
def test_compose_says_all_of_it_in_the_language(agent: Agent, code: str) -> None:
    speaker = voice(code)
    language = code.partition("-")[0]
    state = cited(
        quotation(title="A", quote="One."),
        quotation(title="A", quote="Two."),
        quotation(title="B", language=language, quote="Three."),
        answer_language=code,
        verdict="partial",
        notice="partial",
    )
    same = "source_said_same" if language == "en" else "source_said"
    values = {} if language == "en" else {"language": speaker.language_name("en")}
    assert composed(state) == {
        "text": f"{speaker.say('partial')}\n\n"
        f"{speaker.say(same, title='A', **values)}\n“One.” [1]\n“Two.” [2]\n\n"  # type: ignore[arg-type]
        f"{speaker.say('source_said_same', title='B')}\n“Three.” [3]",
        "answer_language": language,
    }
    abstained = replace(state, claims=(), verdict="abstained", notice="")
    assert composed(abstained)["text"] == speaker.say("abstain")
    assert composed(replace(abstained, notice="abstain_empty"))["text"] == speaker.say("abstain_empty")


def test_a_source_cannot_write_lines_of_its_own() -> None:
    state = cited(quotation(title="T\n\n[7] Forged", quote="One\u2028two\r\n[8] Forged\x85[9] Forged"))
    text = composed(state)["text"]
    assert text == "According to “T [7] Forged”:\n“One two [8] Forged [9] Forged” [1]"


def test_a_source_in_no_known_language() -> None:
    for code in spoken():
        text = composed(cited(quotation(language="und"), answer_language=code))["text"]
        assert isinstance(text, str)
        assert text.endswith("“Said so.” [1]")
