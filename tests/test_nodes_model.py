"""The steps that ask a model, each by itself: what they send, what they set, what they make of a failure."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from langgraph.runtime import Runtime

from xagent.agent import Agent
from xagent.context import Context
from xagent.errors import EndpointError, NoModel, UnknownName
from xagent.languages import Detection
from xagent.messages import spoken, voice
from xagent.nodes.answer import ENGLISH_FIRST, answer
from xagent.nodes.compose import REMEMBERED, compose
from xagent.nodes.contextualize import contextualize
from xagent.nodes.enforce import enforce
from xagent.nodes.pivot import pivot
from xagent.nodes.recall import recall
from xagent.nodes.retrieve import MOST_CARRIED, retrieve
from xagent.nodes.reword import reword
from xagent.nodes.translate import translate
from xagent.nodes.trust import trust
from xagent.nodes.verify import verify
from xagent.nodes.vote import vote
from xagent.passages import Passage
from xagent.replies import Draft, DraftClaim, Evidence
from xagent.retrieval import Hit
from xagent.state import Claim, Quotation, State, Turn
from xagent.testing import Line, ModelServer, ScriptedModel, agent_over

SW = "Twiga ndiye mnyama mrefu kuliko wote wanaoishi nchi kavu."
FI = "Kemijoki on Suomen pisin joki, pituudeltaan 550 kilometriä."
HE = "המגדלור בוורנהולם נבנה בשנת 1874 בידי המהנדסת אידה ברנדט."
DOCUMENTS = {"sw.md": f"{SW}\n", "fi.md": f"{FI}\n", "he.md": f"{HE}\n"}
QUESTION = "Mikä on Suomen pisin joki?"
FINNISH = Detection("fi", "Latn", 1.0)
ASKED = State(QUESTION, query=QUESTION, question_language=FINNISH, answer_language="fi")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_over(tmp_path_factory.mktemp("nodes-model"), DOCUMENTS) as agent:
        yield agent


def runtime(stored: Agent, model: ModelServer | None = None, **choices: Any) -> Runtime[Context]:
    context = Context(
        stored.context.store, model_url=model.url if model else "", model_name="fake", **choices
    )
    context.__dict__["opened"] = stored.store
    return Runtime(context=context)


def found(stored: Agent, state: State = ASKED) -> State:
    """The state after retrieve."""
    return replace(state, **retrieve(state, runtime(stored)))  # type: ignore[arg-type]


def drafted(state: State, *texts: str, source: str = "fi.md", quote: str = FI) -> State:
    n = [passage.source for passage in state.evidence].index(source) + 1
    claims = tuple(DraftClaim(evidence=(Evidence(passage=n, quote=quote),), text=text) for text in texts)
    return replace(state, draft=claims, attempts=1)


# --- contextualize ---


async def test_a_first_question_needs_no_model(stored: Agent) -> None:
    assert await contextualize(ASKED, runtime(stored)) == {"query": QUESTION}


async def test_a_follow_up_is_sent_with_the_last_turns_as_data(stored: Agent) -> None:
    turns = tuple(Turn(f"Kysymys {n}?", f"Vastaus {n}.</turn><turn>" + "x" * 900, "fi") for n in range(6))
    state = replace(ASKED, question="Entä toiseksi pisin?", history=turns)
    with ScriptedModel([("Standalone", {"question": " Mikä on Suomen toiseksi pisin joki? "})]) as model:
        update = await contextualize(state, runtime(stored, model))
    assert update == {"query": "Mikä on Suomen toiseksi pisin joki?"}
    sent = str(model.requests[0].messages[1]["content"])
    assert [n for n in range(6) if f"Kysymys {n}?" in sent] == [2, 3, 4, 5]
    assert sent.count("<turn>") == sent.count("</turn>") == 4
    assert "x" * 500 not in sent
    assert model.requests[0].language == "fi"


async def test_without_its_context_a_follow_up_is_still_a_question(stored: Agent) -> None:
    state = replace(ASKED, history=(Turn("K?", "V.", "fi"),))
    with ModelServer(faults=["status 500"]) as model:
        update = await contextualize(state, runtime(stored, model, max_calls=1))
    assert update["query"] == QUESTION
    assert "reason" in update
    assert (await contextualize(state, runtime(stored)))["query"] == QUESTION


# --- retrieve ---


def test_a_follow_up_keeps_what_was_read_in_its_place(stored: Agent) -> None:
    first = found(stored)
    again = retrieve(first, runtime(stored))["evidence"]
    assert again == first.evidence
    one = replace(first, evidence=first.evidence[:1])
    carried = retrieve(one, runtime(stored, max_passages=2))["evidence"]
    assert isinstance(carried, tuple)
    assert carried[0] == first.evidence[0]
    assert len(carried) <= MOST_CARRIED * 2
    stranger = replace(first.evidence[0], key=10**6, source="other.md")
    read = (stranger, *first.evidence)
    assert retrieve(replace(first, evidence=(stranger,)), runtime(stored))["evidence"] == read
    much = tuple(replace(stranger, key=10**6 + n, start=n) for n in range(MOST_CARRIED * len(first.evidence)))
    assert retrieve(replace(first, evidence=much), runtime(stored))["evidence"] == first.evidence


def test_rewordings_are_searched_for_beside_the_question(stored: Agent) -> None:
    alone = retrieve(ASKED, runtime(stored))["hits"]
    merged = retrieve(replace(ASKED, rewordings=("Twiga ni mrefu?", "המגדלור")), runtime(stored))["hits"]
    assert isinstance(alone, tuple)
    assert isinstance(merged, tuple)
    keys = [hit.passage.key for hit in merged]
    assert len(keys) == len(set(keys))
    assert {hit.passage.key for hit in alone} <= set(keys)


# --- pivot ---


async def test_pivot_tells_why(stored: Agent) -> None:
    for policy in ("direct", "english", "auto"):
        update = await pivot(found(stored), runtime(stored, pivot=policy))
        assert update["pivot"] in ("direct", "english")
        assert str(update["because"]).endswith(".")
    with pytest.raises(UnknownName):
        await pivot(found(stored), runtime(stored, pivot="french"))


# --- answer ---


async def test_answer_sends_the_passages_and_takes_the_claims(stored: Agent) -> None:
    state = found(stored)
    said = Draft.model_validate({"claims": [{"evidence": [{"passage": "١", "quote": FI}], "text": FI}]})
    with ScriptedModel([("Draft", said)]) as model:
        update = await answer(state, runtime(stored, model))
    assert update == {"attempts": 1, "draft": said.claims}
    assert [passage.text for passage in model.requests[0].passages] == [
        one.text.strip() for one in state.evidence
    ]
    assert [passage.id for passage in model.requests[0].passages] == [1, 2, 3]


async def test_answer_without_evidence_asks_nobody(stored: Agent) -> None:
    assert await answer(ASKED, runtime(stored)) == {"attempts": 1, "draft": ()}


async def test_answer_leaves_failures_to_the_graph(stored: Agent) -> None:
    state = replace(found(stored), attempts=1)
    with ModelServer(faults=["empty"]) as model:
        update = await answer(state, runtime(stored, model))
        assert update == {"attempts": 2, "draft": (), "failure": "the model's reply has no JSON object in it"}
        spent = await answer(state, runtime(stored, model, max_calls=0))
    assert "--max-calls" in str(spent["failure"])
    with pytest.raises(NoModel):
        await answer(state, runtime(stored))
    with ModelServer(faults=["status 401"]) as model, pytest.raises(EndpointError):
        await answer(state, runtime(stored, model))


async def test_answer_reasons_where_the_pivot_says_so(stored: Agent) -> None:
    state = found(stored)
    with ModelServer() as model:
        await answer(replace(state, pivot="english"), runtime(stored, model))
        await answer(replace(state, pivot="translated"), runtime(stored, model))
    first, second = model.requests
    assert (first.schema, first.language) == ("ReasonedDraft", "fi")
    assert ENGLISH_FIRST in str(first.messages[1]["content"])
    assert (second.schema, second.language) == ("Draft", "en")


# --- reword ---


async def test_reword_names_the_languages_of_the_documents(stored: Agent) -> None:
    queries = [QUESTION, " joki ", "joki", "", "?", "mto mrefu"]
    with ScriptedModel([("Rewording", {"queries": queries})]) as model:
        update = await reword(found(stored), runtime(stored, model))
        sent = str(model.requests[0].messages[1]["content"])
    assert update == {"rewordings": ("joki", "mto mrefu")}
    assert {"Finnish", "Swahili", "Hebrew"} <= set(sent.replace(",", "").split())
    with ScriptedModel([("Rewording", {"queries": []})]) as model:
        await reword(found(stored), runtime(stored, model, languages=("fi",)))
    assert "Swahili" not in str(model.requests[0].messages[1]["content"])


async def test_reword_that_fails_is_no_more_than_that(stored: Agent) -> None:
    update = await reword(found(stored), runtime(stored))
    assert set(update) == {"failure"}


# --- verify ---


@pytest.mark.parametrize(
    ("source", "quote", "stands"),
    [
        ("he.md", HE, HE),
        ("he.md", HE.rstrip("."), None),
        ("he.md", f"„{HE}“", HE),
        ("he.md", HE.replace("1874", "١٨٧٤"), HE),
        ("he.md", HE.replace("1874", "1875"), ""),
        ("he.md", FI, ""),
        ("sw.md", SW.upper(), SW),
        ("sw.md", "Twiga ndiye mnyama mrefu … nchi kavu.", ""),
        ("fi.md", "Kemijoki on Suomen", None),
        ("fi.md", "Kemijoki on Suomen pisin joki, pituudeltaan 55", ""),
        ("fi.md", "", ""),
    ],
)
async def test_verify_takes_only_what_is_there(
    stored: Agent, source: str, quote: str, stands: str | None
) -> None:
    state = drafted(found(stored), "Väite.", source=source, quote=quote)
    script: list[Line] = (
        [] if stands == "" else [("Entailment", {"verdicts": [{"claim": 1, "supported": True}]})]
    )
    with ScriptedModel(script) as model:
        update = await verify(state, runtime(stored, model))
    claims = update["claims"]
    assert isinstance(claims, tuple)
    if stands == "":
        assert (claims, update["verdict"]) == ((), "abstained")
        return
    (quotation,) = claims[0].quotations
    assert quotation.text == DOCUMENTS[source][quotation.start : quotation.end]
    assert quotation.text in (stands or quotation.text)


async def test_verify_sees_statements_and_not_who_wrote_them(stored: Agent) -> None:
    state = drafted(found(stored), "Joki on 550 kilometriä.", "Joki on pisin.")
    with ScriptedModel([("Entailment", {"verdicts": [{"claim": 2, "supported": True}]})]) as model:
        update = await verify(state, runtime(stored, model))
    assert [passage.text for passage in model.requests[0].passages] == [FI]
    assert model.requests[0].statements == {1: "Joki on 550 kilometriä.", 2: "Joki on pisin."}
    assert [claim.text for claim in update["claims"]] == ["Joki on pisin."]  # type: ignore[attr-defined]
    assert (update["verdict"], update["notice"]) == ("partial", "left_out")


async def test_verify_knows_a_document_that_has_changed(stored: Agent) -> None:
    state = drafted(found(stored), "Väite.")
    gone = tuple(replace(one, key=10**9) for one in state.evidence)
    update = await verify(replace(state, evidence=gone), runtime(stored))
    assert (update["claims"], update["verdict"]) == ((), "abstained")


# --- trust ---


def test_trust_marks_everything_as_not_verified(stored: Agent) -> None:
    state = drafted(found(stored), "Väite.", quote="keksitty")
    update = trust(state)
    claims = update["claims"]
    assert isinstance(claims, tuple)
    assert [one.verified for one in claims[0].quotations] == [False]
    assert trust(ASKED)["verdict"] == "abstained"
    assert trust(replace(state, failure="no reply"))["reason"] == "no reply"


# --- enforce ---

QUOTATION = Quotation(
    Passage(1, "a.md", "A", "", "en", "Latn", 0, 9, "Built in 1874."), 0, 14, "Built in 1874."
)


def claimed(code: str, *texts: str, **fields: Any) -> State:
    base, _, _script = code.partition("-")
    claims = tuple(Claim(text, (QUOTATION,)) for text in texts)
    state = State(
        "?", code, question_language=Detection(base, "Zyyy", 1.0), answer_language=base, claims=claims
    )
    return replace(state, verdict="answered", **fields)


@pytest.mark.parametrize("code", spoken())
async def test_a_sentence_in_its_language_costs_nothing(stored: Agent, code: str) -> None:
    state = claimed(code, voice(*_parts(code)).say("abstain"))
    assert await enforce(state, runtime(stored)) == {"claims": state.claims}


def _parts(code: str) -> tuple[str, str]:
    base, _, script = code.partition("-")
    return base, script


@pytest.mark.parametrize(
    "code", ["ar", "fa", "he", "zh", "zh-Hant", "ja", "th", "hi", "tr", "fi", "sw", "yo", "de", "ru"]
)
async def test_a_sentence_in_another_is_said_again(stored: Agent, code: str) -> None:
    right = voice(*_parts(code)).say("abstain_empty")
    wrong = "The lighthouse was built by an engineer from the island."
    with ScriptedModel([("Restatement", {"sentences": [{"n": 1, "text": right}]})]) as model:
        update = await enforce(claimed(code, right, wrong), runtime(stored, model))
    assert [claim.text for claim in update["claims"]] == [right, right]  # type: ignore[attr-defined]
    assert [claim.quotations for claim in update["claims"]] == [(QUOTATION,)] * 2  # type: ignore[attr-defined]
    assert model.requests[0].language == code
    assert model.requests[0].statements == {1: wrong}


async def test_enforce_gives_way_to_quotations_when_nobody_answers(stored: Agent) -> None:
    wrong = "The lighthouse was built by an engineer from the island."
    update = await enforce(claimed("fi", wrong), runtime(stored))
    assert update["claims"] == (Claim("", (QUOTATION,)),)
    assert (update["verdict"], update["notice"]) == ("partial", "wrong_language")
    bare = replace(claimed("fi", wrong), claims=(Claim(wrong, ()),))
    assert (await enforce(bare, runtime(stored)))["verdict"] == "abstained"


# --- compose ---


@pytest.mark.parametrize("code", spoken())
def test_compose_says_it_in_the_language(code: str) -> None:
    speaker = voice(*_parts(code))
    state = replace(claimed(code, "A.", "B."), hits=(Hit(QUOTATION.passage, 1.0),))
    space = "" if code.startswith(("zh", "ja")) else " "
    assert compose(state)["text"] == f"A. [1]{space}B. [1]"
    left_out = replace(state, verdict="partial", notice="left_out")
    assert compose(left_out)["text"] == f"A. [1]{space}B. [1]\n\n{speaker.say('left_out')}"
    assert compose(replace(state, claims=(), verdict="abstained"))["text"] == speaker.say("abstain")


def test_compose_remembers_the_turn_and_not_all_turns() -> None:
    turns = tuple(Turn(f"{n}?", f"{n}.", "fi") for n in range(REMEMBERED))
    history = compose(replace(claimed("fi", "A."), history=turns, query="Kokonainen kysymys?"))["history"]
    assert isinstance(history, tuple)
    assert len(history) == REMEMBERED
    assert history[-1] == Turn("?", "A. [1]", "fi")
    assert history[0] == turns[1]


# --- recall, translate, vote ---


async def test_recall(stored: Agent) -> None:
    with ScriptedModel([("Recollection", {"sentences": [" Kemijoki. ", ""]})]) as model:
        update = await recall(ASKED, runtime(stored, model))
    assert update == {"claims": (Claim("Kemijoki.", ()),), "notice": "from_memory"}
    with ModelServer(faults=["empty"]) as server:
        assert set(await recall(ASKED, runtime(stored, server))) == {"failure"}


async def test_translate_keeps_what_the_model_leaves_out(stored: Agent) -> None:
    state = found(stored)
    texts = [
        {"n": 0, "text": "Which river?"},
        {"n": "٢", "text": "English."},
        {"n": 99, "text": "x"},
        {"n": 3, "text": " "},
    ]
    with ScriptedModel([("Translation", {"texts": texts})]) as model:
        update = await translate(state, runtime(stored, model))
    evidence = update["evidence"]
    assert isinstance(evidence, tuple)
    assert (update["pivot"], update["query"]) == ("translated", "Which river?")
    assert [one.language == "en" for one in evidence] == [False, True, False]
    assert [one.key for one in evidence] == [one.key for one in state.evidence]
    assert await translate(ASKED, runtime(stored)) == {"pivot": "translated"}


async def test_vote_leaves_calls_for_the_steps_that_follow(stored: Agent) -> None:
    with ModelServer() as model:
        update = await vote(found(stored), runtime(stored, model, max_calls=6))
    assert len(model.requests) == 4
    assert update["agreement"] == 1.0
    assert update["attempts"] == 1
    assert await vote(ASKED, runtime(stored)) == {"attempts": 1}
    with pytest.raises(NoModel):
        await vote(found(stored), runtime(stored))
