"""The fakes: a fake model answers as it should, and goes wrong in just the way it is told to."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletion
from pydantic import BaseModel

from xagent import replies
from xagent.instructions import in_language
from xagent.languages import detect
from xagent.messages import spoken
from xagent.prompts import Prompt, prompt, statements_as_data
from xagent.testing import (
    FAULTS,
    SCHEMAS,
    Fault,
    FaultKind,
    Line,
    ModelServer,
    Request,
    ScriptedModel,
    Sentences,
    agent_over,
    combined,
)
from xagent.testing.completion import count_tokens, first_tokens
from xagent.testing.faults import FaultPlan
from xagent.testing.rules import is_in
from xagent.testing.spoiling import altered

SWAHILI = (
    "Twiga ni nembo ya taifa ya Tanzania. Mimba huchukua miezi kumi na mitano, na ndama huzaliwa amesimama."
)
FINNISH = "# Joet\n\nOulujoki laskee Perämereen Oulussa. Kemijoki on Suomen pisin joki, 550 kilometriä pitkä."
ARABIC = "يبلغ طول نهر النيل نحو 6650 كيلومترًا. وقد بُني السدّ العالي في أسوان."
PASSAGES = (("sw", SWAHILI), ("fi", FINNISH), ("ar", ARABIC))
KEMIJOKI = "Kemijoki on Suomen pisin joki, 550 kilometriä pitkä."
QUESTION = "Mikä on Suomen pisin joki?"


def as_data(passages: tuple[tuple[str, str], ...] = PASSAGES) -> str:
    """As `xagent.prompts.passages_as_data` writes them."""
    numbered = enumerate(passages, start=1)
    return "\n".join(
        f'<passage id="{n}" language="{code}">\n{text}\n</passage>' for n, (code, text) in numbered
    )


def filled(name: str, **values: str) -> Prompt:
    return prompt(name, values)


def drafting(language: str = "fi", reasoning: str = "Write the claims.", **values: str) -> Prompt:
    usual = {"passages": as_data(), "question": QUESTION, "instruction": in_language(language)}
    return filled("answer", reasoning=reasoning, **(usual | values))


def prompt_for(schema: str) -> Prompt:
    """xagent's own prompt for a reply of each name."""
    statements = statements_as_data([(4, "Joki on pitkä."), (7, "Der Fluss ist lang.")])
    made: dict[str, Callable[[], Prompt]] = {
        "Draft": drafting,
        "ReasonedDraft": lambda: drafting(reasoning='First write "reasoning" in English.'),
        "Vote": lambda: drafting(reasoning='First write "reasoning" in Thai, then "answer".'),
        "Entailment": lambda: filled("verify", passages=as_data(), statements=statements),
        "Standalone": lambda: filled(
            "contextualize", conversation="", question=QUESTION, instruction=in_language("fi")
        ),
        "Rewording": lambda: filled("reword", question=QUESTION, languages="Arabic"),
        "Restatement": lambda: filled("enforce", statements=statements, instruction=in_language("fi")),
        "Translation": lambda: filled("translate", passages=as_data(), question=QUESTION),
        "Recollection": lambda: filled("recall", question=QUESTION, instruction=in_language("fi")),
        "Bridge": lambda: filled("bridge", question=QUESTION, languages="Swahili (sw), Arabic (ar)"),
        "Ranking": lambda: filled("rerank", passages=as_data(), question=QUESTION),
        "Questions": lambda: filled("questions", passages=as_data(), languages="Hindi (hi), Swahili (sw)"),
        "Choice": lambda: filled("pivot", question=QUESTION, language="Hindi (hi)", languages="Thai (th)"),
    }
    return made[schema]()


def body(asked: Prompt, schema: str, **more: Any) -> dict[str, Any]:
    form = {"type": "json_schema", "json_schema": {"name": schema, "schema": {}}}
    messages = [{"role": "system", "content": asked.system}, {"role": "user", "content": asked.user}]
    return {"model": "fake", "messages": messages} | ({"response_format": form} if schema else {}) | more


# One for all: a client takes a tenth of a second to make.
CLIENT = OpenAI(base_url="http://127.0.0.1:1/v1", api_key="a-key", max_retries=0)


def ask(
    server: ModelServer, asked: Prompt | None = None, schema: str = "Draft", **more: Any
) -> ChatCompletion:
    client = CLIENT.with_options(base_url=server.url)
    sent = body(asked or prompt_for(schema), schema, **more)
    reply: ChatCompletion = client.chat.completions.create(**sent)
    return reply


def said(server: ModelServer, asked: Prompt | None = None, schema: str = "Draft", **more: Any) -> Any:
    return json.loads(ask(server, asked, schema, **more).choices[0].message.content or "")


def claim(server: ModelServer, asked: Prompt | None = None) -> Any:
    (only,) = said(server, asked)["claims"]
    return only


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


# --- what it says by itself ---


@pytest.mark.parametrize("schema", SCHEMAS)
def test_its_replies_are_what_xagent_asks_for(server: ModelServer, schema: str) -> None:
    content = ask(server, schema=schema).choices[0].message.content or ""
    wanted: type[BaseModel] = getattr(replies, schema)
    read = wanted.model_validate_json(content, strict=False)
    assert any(value for value in read.model_dump().values()), "an empty reply"
    assert set(json.loads(content)) == set(wanted.model_fields)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_without_a_response_format_the_prompt_tells_what_is_asked_for(schema: str) -> None:
    asked = prompt_for(schema)
    assert Request(body(asked, ""), 0.0).schema == schema
    assert Request(body(Prompt("", "Be kind.", "Hello"), ""), 0.0).schema == ""


def test_translations_and_questions_are_in_the_languages_listed(server: ModelServer) -> None:
    bridge = said(server, schema="Bridge")["translations"]
    assert [(one["language"], detect(one["text"]).code) for one in bridge] == [("sw", "sw"), ("ar", "ar")]
    asked = said(server, schema="Questions")["asked"]
    assert [(one["passage"], one["language"]) for one in asked] == [
        (n, c) for n in (1, 2, 3) for c in ("hi", "sw")
    ]
    assert all(detect(one["text"]).code == one["language"] for one in asked)
    assert said(server, schema="Ranking")["ranking"][0] == 2


def post(server: ModelServer, path: str, **sent: Any) -> httpx2.Response:
    return httpx2.post(server.url + path, json={"model": "fake", **sent}, timeout=10)


def test_other_interfaces_are_served_where_they_are_listed() -> None:
    documents = [text for _, text in PASSAGES]
    asked = {"input": f"{as_data()}<question>{QUESTION}</question>"}
    questions = [{"type": "predicate", "name": f"p{n}", "instructions": "?"} for n in (1, 2, 3)]
    with ModelServer(endpoints=["/v1/rerank", "/v1/decisions"]) as server:
        results = post(server, "/rerank", query=QUESTION, documents=documents).json()["results"]
        answers = post(server, "/decisions", **asked, questions=questions).json()["answers"]
    assert results[0]["index"] == 1
    assert sorted(one["index"] for one in results) == [0, 1, 2]
    assert max(answers, key=lambda one: one["probability"])["name"] == "p2"
    assert [request.schema for request in server.requests] == ["Rerank", "Decisions"]
    with ModelServer() as server:
        assert post(server, "/rerank", query=QUESTION, documents=documents).status_code == 404
    with ModelServer(endpoints=["/v1/rerank"], faults=["not json"]) as server:
        assert "<!doctype" in post(server, "/rerank", query=QUESTION, documents=documents).text


def test_a_draft_quotes_the_best_sentence_of_the_nearest_passage(server: ModelServer) -> None:
    assert claim(server) == {
        "evidence": [{"passage": 2, "quote": KEMIJOKI}],
        "text": KEMIJOKI,
        "disputed": False,
    }


@pytest.mark.parametrize("code", ["sw", "ar", "hi", "th", "ja", "zh", "yo", "he", "ta", "tr"])
def test_a_claim_is_a_sentence_in_the_language_asked_for(server: ModelServer, code: str) -> None:
    made = claim(server, drafting(code))
    assert made["evidence"] == [{"passage": 2, "quote": KEMIJOKI}]
    assert detect(made["text"]).code == code
    assert made == claim(server, drafting(code)), "the same request, the same reply"
    assert server.requests[0].language == code


def test_without_passages_there_are_no_claims(server: ModelServer) -> None:
    assert said(server, drafting(passages="")) == {"claims": []}
    assert said(server, drafting(passages=as_data((("en", " "),)))) == {"claims": []}


def test_the_sentences_are_those_given() -> None:
    with ModelServer(sentences=Sentences({"de": ["Der Fluss ist lang."]})) as server:
        assert claim(server, drafting("de"))["text"] == "Der Fluss ist lang."
        assert said(server, schema="Recollection")["sentences"] != ["Der Fluss ist lang."]


def test_every_statement_is_judged_and_said_again(server: ModelServer) -> None:
    verdicts = said(server, schema="Entailment")["verdicts"]
    assert verdicts == [{"claim": 4, "supported": True}, {"claim": 7, "supported": True}]
    again = said(server, schema="Restatement")["sentences"]
    assert [sentence["n"] for sentence in again] == [4, 7]
    assert all(detect(sentence["text"]).code == "fi" for sentence in again)
    translated = said(server, schema="Translation")["texts"]
    assert [text["n"] for text in translated] == [0, 1, 2, 3]
    assert all(detect(text["text"]).code == "en" for text in translated)


def test_a_rule_for_one_reply_leaves_the_others() -> None:
    with ModelServer({"Draft": lambda request: replies.Draft(claims=())}) as server:
        assert said(server) == {"claims": []}
        assert said(server, schema="Standalone") == {"question": QUESTION}


def test_a_rule_that_fails_is_a_500_that_names_it() -> None:
    def rule(request: Request) -> str:
        assert request.passages[0].language == "de", f"not {request.passages[0].language}"
        return "{}"

    with ModelServer(rule) as server:
        with pytest.raises(openai.InternalServerError, match="not sw"):
            ask(server)
        assert "not sw" in server.requests[0].error
    with ModelServer() as server, pytest.raises(openai.InternalServerError, match="'Poem'"):
        ask(server, drafting(), "Poem")


def test_the_language_is_the_one_asked_for_last() -> None:
    for code in spoken():
        variant = ("zh", "Hant") if code == "zh-Hant" else (code, "")
        question = f"Was heißt „{in_language('fi')}“? {in_language('de')}"
        asked = drafting(question=question, instruction=in_language(*variant))
        assert Request(body(asked, "Draft"), 0.0).language == code
    follow_up = body(drafting("th"), "Draft")
    follow_up["messages"] += [
        {"role": "assistant", "content": in_language("de")},
        {"role": "user", "content": "That is no JSON."},
    ]
    assert Request(follow_up, 0.0).language == "th"
    assert len(Request(follow_up, 0.0).passages) == 3


def test_chinese_readers_have_two_scripts() -> None:
    assert is_in("zh", "zh", "这条河很长。")
    assert not is_in("zh-Hant", "zh", "这条河很长。")
    assert is_in("zh-Hant", "zh", "這條河很長，請參閱說明。")
    assert not is_in("zh", "zh", "這條河很長，請參閱說明。")
    assert not is_in("nb", "da", "Elven er lang.")


@given(st.lists(st.tuples(st.sampled_from(["ar", "th", "hi", "yo"]), st.text(max_size=60)), max_size=4))
def test_passages_are_read_as_they_were_written(pairs: list[tuple[str, str]]) -> None:
    texts = tuple((code, text.replace("<", "").strip("\n")) for code, text in pairs)
    request = Request(body(drafting(passages=as_data(texts)), "Draft"), 0.0)
    assert [(passage.language, passage.text) for passage in request.passages] == list(texts)
    assert [passage.id for passage in request.passages] == list(range(1, len(texts) + 1))


def test_content_in_parts_is_read() -> None:
    parts = [{"type": "text", "text": "<question>"}, {"type": "text", "text": "Où ?</question>"}]
    assert Request({"messages": [{"role": "user", "content": parts}, "odd"]}, 0.0).question == "Où ?"
    assert Request({"messages": None}, 0.0).messages == []


# --- its server ---


def stream(server: ModelServer, schema: str = "Draft", **more: Any) -> list[Any]:
    client = CLIENT.with_options(base_url=server.url)
    return list(client.chat.completions.create(**body(prompt_for(schema), schema, **more), stream=True))


def test_the_endpoints(server: ModelServer) -> None:
    assert [model.id for model in CLIENT.with_options(base_url=server.url).models.list()] == ["fake"]
    assert httpx2.get(server.url.replace("/v1", "/health")).status_code == 200
    assert httpx2.get(f"{server.url}/nothing").status_code == 404
    assert httpx2.post(f"{server.url}/completions", json={}).status_code == 404
    assert httpx2.post(f"{server.url}/chat/completions", content=b"[1").status_code == 400
    with pytest.raises(openai.NotFoundError, match="`gpt` does not exist"):
        ask(server, model="gpt")


def test_a_request_is_remembered(server: ModelServer) -> None:
    before = time.perf_counter()
    reply = ask(server, temperature=0.5)
    assert server.wait_until_idle()
    (request,) = server.requests
    assert (request.body["temperature"], request.schema, request.key) == (0.5, "Draft", "a-key")
    assert [message["role"] for message in request.messages] == ["system", "user"]
    assert request.content == reply.choices[0].message.content
    assert (request.status, request.faults, request.disconnected, request.error) == (200, [], False, "")
    assert request.first_byte
    assert request.finished
    assert before < request.started < request.first_byte < request.finished < time.perf_counter()


def test_a_stream_is_the_reply_in_pieces(server: ModelServer) -> None:
    pieces = stream(server, stream_options={"include_usage": True})
    *told, last = pieces
    texts = [piece.choices[0].delta.content or "" for piece in told]
    whole = ask(server)
    assert "".join(texts) == whole.choices[0].message.content
    assert max(map(len, texts)) <= 6
    assert [piece.choices[0].finish_reason for piece in told][-2:] == [None, "stop"]
    assert last.choices == []
    assert last.usage == whole.usage
    assert not any(piece.usage for piece in stream(server))


def test_a_stream_ends_as_openai_says(server: ModelServer) -> None:
    with httpx2.stream(
        "POST", f"{server.url}/chat/completions", json=body(prompt_for("Draft"), "Draft", stream=True)
    ) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in response.read().decode().split("\n") if line]
    assert lines[-1] == "data: [DONE]"
    assert all(line.startswith("data: {") for line in lines[:-1])


def test_usage_is_four_bytes_a_token(server: ModelServer) -> None:
    reply = ask(server)
    assert reply.usage
    content = (reply.choices[0].message.content or "").encode()
    assert reply.usage.completion_tokens == -(-len(content) // 4)
    assert reply.usage.prompt_tokens > len(FINNISH) / 4
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens


@given(st.text(), st.integers(0, 30))
def test_the_first_tokens_are_no_more_than_asked_for(text: str, count: int) -> None:
    first = first_tokens(text, count)
    assert text.startswith(first)
    assert first == "" or count_tokens(first) <= count
    assert (first == text) == (len(text.encode()) <= 4 * count)


def test_a_reply_is_cut_at_max_tokens(server: ModelServer) -> None:
    for field in ("max_tokens", "max_completion_tokens"):
        limit: dict[str, Any] = {field: 5}
        choice = ask(server, **limit).choices[0]
        assert choice.finish_reason == "length"
        assert choice.message.content == '{"claims": [{"eviden'


def test_it_thinks_aloud(server: ModelServer) -> None:
    server.think = "Let me see. Kemijoki it is."
    plain = ask(server)
    assert getattr(plain.choices[0].message, "reasoning", None) == server.think
    deltas = [piece.choices[0].delta for piece in stream(server)]
    thought = [getattr(delta, "reasoning", None) or "" for delta in deltas]
    assert "".join(thought) == server.think
    assert "".join(delta.content or "" for delta in deltas) == plain.choices[0].message.content
    assert ask(server, max_tokens=5).choices[0].message.content == ""


def test_it_refuses_what_it_does_not_know(server: ModelServer) -> None:
    server.refuses = {"chat_template_kwargs", "json_schema"}
    extra = {"chat_template_kwargs": {"enable_thinking": False}}
    with pytest.raises(
        openai.BadRequestError, match="'chat_template_kwargs', 'json_schema' is not supported"
    ):
        ask(server, extra_body=extra)
    with pytest.raises(openai.BadRequestError, match="Unsupported argument: 'json_schema'"):
        ask(server)
    assert json.loads(ask(server, prompt_for("Draft"), "").choices[0].message.content or "")["claims"]
    assert [request.status for request in server.requests] == [400, 400, 200]


def test_it_takes_its_time() -> None:
    with ModelServer(delay=0.1) as server:
        ask(server)
        (request,) = server.requests
    assert request.first_byte
    assert request.first_byte - request.started >= 0.1


def test_many_at_once() -> None:
    with ModelServer(delay=0.2) as server, ThreadPoolExecutor(24) as pool:
        began = time.perf_counter()
        contents = list(pool.map(lambda _: claim(server)["text"], range(24)))
        taken = time.perf_counter() - began
    assert contents == [KEMIJOKI] * 24
    assert len(server.requests) == 24
    assert taken < 24 * 0.2 / 2, "one after the other"


async def test_an_async_client_that_leaves_is_noticed() -> None:
    with ModelServer(faults=["slow"]) as server:
        async with AsyncOpenAI(base_url=server.url, api_key="x", max_retries=0) as client:
            pieces = await client.chat.completions.create(**body(prompt_for("Draft"), "Draft"), stream=True)
            async for piece in pieces:
                if piece.choices[0].delta.content:
                    break
            await pieces.close()
        assert await asyncio.to_thread(server.wait_until_idle)
        (request,) = server.requests
    assert request.disconnected
    assert request.finished
    assert request.first_byte
    assert request.finished - request.first_byte < 0.5, "the whole stream takes longer"


def test_a_client_that_leaves_before_the_reply_is_noticed() -> None:
    with ModelServer(delay=20) as server:
        with pytest.raises(openai.APITimeoutError):
            ask(server, timeout=0.1)
        assert server.wait_until_idle(2)
        assert server.requests[0].disconnected
        assert server.requests[0].status == 0


def test_leaving_ends_what_is_under_way() -> None:
    began = time.perf_counter()
    with ThreadPoolExecutor(1) as pool:
        with ModelServer(faults=["hanging"]) as server:
            waiting = pool.submit(ask, server)
            while not server.requests:
                time.sleep(0.01)
        with pytest.raises(openai.APIConnectionError):
            waiting.result(5)
    assert time.perf_counter() - began < 5


# --- what it does wrong ---


EVIDENCE = "\n".join(text for _, text in PASSAGES)
TWO_CLAIMS = {
    "claims": [
        {
            "evidence": [{"passage": 2, "quote": KEMIJOKI}],
            "text": "Kemijoki on Suomen pisin joki.",
            "disputed": False,
        },
        {
            "evidence": [{"passage": 1, "quote": "Twiga ni nembo ya taifa ya Tanzania."}],
            "text": "Kirahvi on Tansanian kansalliseläin vuodesta 1961.",
            "disputed": False,
        },
    ]
}


def spoiled(kind: FaultKind, seed: int = 0, language: str = "fi", **more: Any) -> tuple[str, Request]:
    """What two sound claims become by a fault, which must be noted."""
    fault = Fault(kind, language=more.pop("foreign", ""))
    with ModelServer({"Draft": lambda _: TWO_CLAIMS}, faults=[fault], seed=seed) as server:
        content = ask(server, drafting(language), **more).choices[0].message.content or ""
    assert server.requests[0].faults == [kind]
    return content, server.requests[0]


def claims(content: str) -> list[Any]:
    found: list[Any] = json.loads(content)["claims"]
    return found


def test_every_kind_has_a_name() -> None:
    assert set(FAULTS) == set(get_args(FaultKind))
    assert all(kind.split(" ")[0] in (Fault.__doc__ or "") for kind in FAULTS)
    with pytest.raises(ValueError, match="no fault is called 'gremlins'; there are: wrong language"):
        Fault("gremlins")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not 30"):
        Fault("prose", 30)


@pytest.mark.parametrize(
    ("asked", "foreign", "got"), [("fi", "", "en"), ("en", "", "es"), ("hi", "fa", "fa")]
)
def test_wrong_language(asked: str, foreign: str, got: str) -> None:
    content, _ = spoiled("wrong language", language=asked, foreign=foreign)
    assert [detect(one["text"]).code for one in claims(content)] == [got, got]
    assert [one["evidence"] for one in claims(content)] == [one["evidence"] for one in TWO_CLAIMS["claims"]]


@pytest.mark.parametrize("schema", ["Restatement", "Recollection", "Translation"])
def test_wrong_language_in_replies_of_other_kinds(schema: str) -> None:
    with ModelServer(faults=["wrong language"]) as server:
        (found,) = said(server, schema=schema).values()
    texts = [one if isinstance(one, str) else one["text"] for one in found]
    assert {detect(text).code for text in texts} == {"es" if schema == "Translation" else "en"}


def test_foreign_sentence_is_one_of_several_or_one_more() -> None:
    content, _ = spoiled("foreign sentence")
    assert sorted(detect(one["text"]).code for one in claims(content)) == ["en", "fi"]
    with ModelServer(faults=["foreign sentence"]) as server:
        text = claim(server)["text"]
    assert text.startswith(f"{KEMIJOKI} ")
    assert detect(text.removeprefix(KEMIJOKI)).code == "en"


def test_plain_text_goes_wrong_as_well() -> None:
    for kind, marks in (("wrong language", "en"), ("foreign sentence", "fi")):
        with ModelServer(lambda _: "Kemijoki on Suomen pisin joki.", faults=[kind]) as server:  # type: ignore[list-item]
            content = ask(server, Prompt("", "", in_language("fi")), "").choices[0].message.content or ""
            assert server.requests[0].faults == [kind]
        assert detect(content.split(". ")[0]).code == marks


@pytest.mark.parametrize("kind", ["invented quotation", "altered quotation"])
def test_quotations_that_stand_nowhere(kind: FaultKind) -> None:
    content, _ = spoiled(kind)
    before, after = TWO_CLAIMS["claims"], claims(content)
    quotes = [evidence["quote"] for one in after for evidence in one["evidence"]]
    assert len(quotes) == 2
    assert not [quote for quote in quotes if quote in EVIDENCE]
    assert [one["text"] for one in after] == [one["text"] for one in before]
    if kind == "altered quotation":
        assert quotes[0] == KEMIJOKI.replace("550", "661")


@given(st.text(min_size=1, max_size=40), st.text(max_size=80))
def test_an_altered_quotation_stands_nowhere(quote: str, around: str) -> None:
    changed = altered(quote, around + quote + around)
    assert changed not in around + quote + around


def test_an_altered_number_keeps_its_script() -> None:
    assert altered("يبلغ طوله ٦٦٥٩ كيلومترًا", "") == "يبلغ طوله ٧٧٦٠ كيلومترًا"
    assert altered("この川はとても長い", "") == "この川ても長い"


def test_id_out_of_range() -> None:
    for seed in range(6):
        ids = [one["evidence"][0]["passage"] for one in claims(spoiled("id out of range", seed)[0])]
        assert sum(not 1 <= number <= 3 for number in ids) == 1
    with ModelServer(faults=["id out of range"]) as server:
        numbers = [one["claim"] for one in said(server, schema="Entailment")["verdicts"]]
    assert sum(number in (4, 7) for number in numbers) == 1


def test_arabic_digits_are_bare_or_strings() -> None:
    contents = [spoiled("arabic digits", seed)[0] for seed in range(8)]
    assert all("vuodesta ١٩٦١." in content and "550 kilometriä" in content for content in contents)
    written = {found for content in contents for found in re.findall(r'"passage": ("?[٠-٩]"?)', content)}
    assert written == {"١", '"١"', "٢", '"٢"'}


def test_injected() -> None:
    for one in claims(spoiled("injected")[0]):
        assert {"\x1b", "\x07", "\x9b", "\u202e", "\u2066"} <= set(one["text"])


def test_json_that_is_none() -> None:
    for seed in range(8):
        with pytest.raises(ValueError, match=r"line 1"):
            json.loads(spoiled("malformed json", seed)[0])
    cut, _ = spoiled("truncated json")
    assert json.dumps(TWO_CLAIMS, ensure_ascii=False).startswith(cut)
    assert '"claims"' in cut
    chatter, _ = spoiled("prose")
    assert json.loads(chatter.partition("```json")[2].partition("```")[0]) == TWO_CLAIMS
    assert chatter.startswith("Sure!")
    assert spoiled("empty")[0] == ""
    assert "claims" not in json.loads(spoiled("wrong shape")[0])


def test_what_is_cut_says_so() -> None:
    for kind in ("truncated json", "endless whitespace"):
        with ModelServer(faults=[kind]) as server:
            assert ask(server, max_tokens=400).choices[0].finish_reason == "length"
            assert stream(server, max_tokens=200)[-1].choices[0].finish_reason == "length"


def test_endless_whitespace_goes_on_until_the_client_leaves() -> None:
    with ModelServer(faults=["endless whitespace"]) as server:
        pieces = CLIENT.with_options(base_url=server.url).chat.completions.create(
            **body(prompt_for("Draft"), "Draft"), stream=True
        )
        text = ""
        for piece in pieces:
            text += piece.choices[0].delta.content or ""
            if len(text) > 400:
                break
        pieces.close()
        assert server.wait_until_idle(2)
        assert text.removeprefix("{").strip("\n") == ""
        assert server.requests[0].disconnected
        assert ask(server, max_tokens=50).usage.completion_tokens == 50  # type: ignore[union-attr]


ERRORS: dict[FaultKind, type[openai.APIStatusError]] = {
    "status 400": openai.BadRequestError,
    "status 401": openai.AuthenticationError,
    "status 429": openai.RateLimitError,
    "status 500": openai.InternalServerError,
}


@pytest.mark.parametrize("kind", ERRORS)
def test_statuses(kind: FaultKind) -> None:
    with ModelServer(faults=[Fault(kind, times=1)]) as server:
        with pytest.raises(ERRORS[kind], match="as told") as raised:
            ask(server)
        assert raised.value.response.headers.get("retry-after") == ("0" if kind == "status 429" else None)
        assert claim(server)["text"] == KEMIJOKI
        assert [request.faults for request in server.requests] == [[kind], []]
        assert server.requests[0].content is None


def test_a_page_instead_of_json() -> None:
    with ModelServer(faults=["not json"]) as server:
        response = httpx2.post(f"{server.url}/chat/completions", json=body(prompt_for("Draft"), "Draft"))
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html"
    with pytest.raises(ValueError, match="Expecting value"):
        response.json()


@pytest.mark.parametrize("streamed", [False, True])
def test_a_dropped_connection_is_no_end(streamed: bool) -> None:
    with ModelServer(faults=["dropped"]) as server:
        sent = body(prompt_for("Draft"), "Draft", stream=streamed)
        with httpx2.stream("POST", f"{server.url}/chat/completions", json=sent) as response:
            assert response.status_code == 200
            with pytest.raises(httpx2.RemoteProtocolError):
                response.read()
        assert server.wait_until_idle()
        assert not server.requests[0].disconnected, "it was the server that left"


def test_hanging_sends_nothing() -> None:
    with ModelServer(faults=["hanging"]) as server:
        with pytest.raises(openai.APITimeoutError):
            ask(server, timeout=0.1)
        assert server.wait_until_idle(2)
        (request,) = server.requests
    assert (request.disconnected, request.first_byte, request.faults) == (True, None, ["hanging"])


def test_slow_takes_a_pause_a_piece() -> None:
    with ModelServer(faults=["slow"]) as server:
        server.pause = 0.005
        pieces = stream(server)
        assert server.wait_until_idle()
        (request,) = server.requests
    assert request.finished
    assert request.finished - request.started > 0.005 * len(pieces)


def test_faults_keep_to_their_schema_and_their_times() -> None:
    with ModelServer(faults=[Fault("empty", schema="Entailment"), Fault("prose", times=2)]) as server:
        for schema in ("Draft", "Entailment", "Draft", "Draft"):
            ask(server, schema=schema)
        assert [request.faults for request in server.requests] == [["prose"], ["prose", "empty"], [], []]
        server.faults = ["wrong shape"]
        ask(server)
        assert server.requests[-1].faults == ["wrong shape"]


def test_a_fault_with_nothing_to_spoil_does_not_count() -> None:
    with ModelServer(faults=[Fault("altered quotation", times=1)]) as server:
        assert said(server, schema="Entailment")["verdicts"]
        assert said(server, drafting(passages=""))["claims"] == []
        assert claim(server)["evidence"][0]["quote"] not in FINNISH
        assert [request.faults for request in server.requests] == [[], [], ["altered quotation"]]


def drawn(seed: int, bodies: list[str]) -> dict[str, list[FaultKind]]:
    plan = FaultPlan([Fault("prose", 0.3), Fault("empty", 0.5)], seed)
    return {one: [fault.kind for fault in plan.draw("Draft", one)[0]] for one in bodies}


def test_a_seed_gives_the_same_faults_in_any_order() -> None:
    bodies = [str(n) for n in range(400)]
    assert drawn(1, bodies) == drawn(1, bodies[::-1])
    assert drawn(1, bodies) != drawn(2, bodies)
    kinds = [kind for kinds in drawn(1, bodies).values() for kind in kinds]
    assert 80 < kinds.count("prose") < 160
    assert 150 < kinds.count("empty") < 250
    again = FaultPlan([Fault("prose", 0.5)], 0)
    assert len({len(again.draw("", "the same")[0]) for _ in range(30)}) == 2, "each try is drawn anew"


# --- a script ---


def test_a_script_is_followed() -> None:
    lines: list[Line] = [
        "plain",
        {"claims": []},
        ("Standalone", replies.Standalone(question="何？")),
        ("Draft", "{}"),
    ]
    with ScriptedModel(lines) as model:
        asked = [
            ("", "plain"),
            ("Draft", '{"claims": []}'),
            ("Standalone", '{"question":"何？"}'),
            ("Draft", "{}"),
        ]
        for schema, content in asked:
            assert ask(model, Prompt("", "", QUESTION), schema).choices[0].message.content == content
        assert model.left == ()
    assert [request.schema for request in model.requests] == ["", "Draft", "Standalone", "Draft"]


def follow(lines: list[Line], *schemas: str) -> None:
    with ScriptedModel(lines) as model:
        for schema in schemas:
            with pytest.raises(openai.InternalServerError):
                ask(model, schema=schema)


def test_what_is_not_in_the_script_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="a request for Draft when the script was used up"):
        follow([], "Draft")
    with pytest.raises(AssertionError, match="a request for Entailment where the script has Draft"):
        follow([("Draft", "{}")], "Entailment")
    with pytest.raises(AssertionError, match="2 replies were not asked for, the first: 'one'"):
        follow(["one", "two"])


def test_an_error_of_the_test_itself_comes_first() -> None:
    with pytest.raises(KeyError, match="mine"), ScriptedModel(["unused"]):
        raise KeyError("mine")


def test_an_error_uses_no_line_up() -> None:
    with ScriptedModel(["one"], faults=[Fault("status 429", times=1)], refuses={"seed"}) as model:
        with pytest.raises(openai.BadRequestError):
            ask(model, seed=7)
        with pytest.raises(openai.RateLimitError):
            ask(model)
        assert len(model.left) == 1
        assert ask(model).choices[0].message.content == "one"


# --- the rest ---


def test_rules_can_be_put_together() -> None:
    rule = combined({"Entailment": lambda request: {"verdicts": [{"claim": 4, "supported": False}]}})
    request = Request(body(prompt_for("Entailment"), "Entailment"), 0.0)
    assert rule(request) == {"verdicts": [{"claim": 4, "supported": False}]}
    request = Request(body(prompt_for("Standalone"), "Standalone"), 0.0)
    assert rule(request) == {"question": QUESTION}


def test_documents_in_one_call(tmp_path: Path) -> None:
    with agent_over(tmp_path, {"a/river.md": FINNISH}) as agent:
        (hit, *_) = agent.search(QUESTION)
        assert hit.passage.source.endswith("river.md")
