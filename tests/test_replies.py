"""What models write around the JSON they were asked for, and in it: read, or refused in one line."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xagent.errors import ReplyError
from xagent.replies import (
    Draft,
    Entailment,
    Numbered,
    ReasonedDraft,
    Recollection,
    Reply,
    Restatement,
    Rewording,
    Standalone,
    Translation,
    Vote,
    read,
    so_far,
)

SCHEMAS: list[type[Reply]] = [
    Draft, ReasonedDraft, Vote, Entailment, Standalone, Rewording, Restatement, Translation, Recollection,
]  # fmt: skip
SAID = [
    "Das Kloster wurde 1203 gegründet, um 10:05 Uhr, sagt die Chronik.",
    "بُنيت المنارة عام ١٨٧٤، الساعة ١٠:٣٠، كما ورد.",
    "این پل را در سال ۱۳۵۲ ساختند؛ می‌گویند: «{زیباست}»",
    "המגדלור נבנה בשנת 1874: 52, 53 ו־54 מדרגות.",
    "灯台は1874年に建てられました。{これは}「引用」です：３、",
    "ประภาคารสร้างขึ้นเมื่อปี ๒๔๑๗: ๕, ๖",
    "यह पुल 1874 में बना था: ५, ६ }",
    'A "quoted" \\ word, [1]: {"claims": []} and a\nline\tbreak, <think>.',
]
texts = st.sampled_from(SAID) | st.text(max_size=80).filter(lambda text: text.isprintable())
evidence = st.fixed_dictionaries({"passage": st.integers(-3, 99), "quote": texts})
claims = st.fixed_dictionaries(
    {"evidence": st.lists(evidence, max_size=3), "text": texts, "disputed": st.booleans()}
)
drafts = st.fixed_dictionaries({"claims": st.lists(claims, max_size=6)})
# What comes before and after. Nothing before may look like the beginning of an object.
BEFORE = [
    "",
    " \n",
    "Sure! Here is the JSON:\n\n",
    "回答（JSON）：",
    "```json\n",
    "بالتأكيد:\n```\n",
    "\ufeff",
]
THOUGHT = [
    "",
    '<think>\nMaybe {this}, or {"claims": [{"evidence": []}]}? No.\n</think>\n\n',
    "<thinking>Hmm {</thinking>",
    'So the template opened the tag: {"claims": []} may do.\n</think>\n',
]
AFTER = [
    "",
    "\n",
    "\n```",
    "\n```\n\nLet me know, {friend}, if you need } more!",
    '\n{"claims": [1]}',
    "<|im_end|>",
]


def whole(draft: dict[str, Any]) -> Draft:
    return Draft.model_validate(draft)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_reasoning_comes_before_what_it_is_for(schema: type[Reply]) -> None:
    names = list(schema.model_json_schema()["properties"])
    first = [name for name in ("reasoning", "answer") if name in names]
    assert names[: len(first)] == first


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_length_is_bounded(schema: type[Reply]) -> None:
    unbounded = []

    def look(node: Any, where: str) -> None:
        if isinstance(node, dict):
            kind = node.get("type")
            if (kind == "string" and "maxLength" not in node) or (kind == "array" and "maxItems" not in node):
                unbounded.append(where)
            for key, value in node.items():
                look(value, f"{where}.{key}")

    look(schema.model_json_schema(), schema.__name__)
    assert unbounded == []


@given(drafts, st.sampled_from(BEFORE), st.sampled_from(THOUGHT), st.sampled_from(AFTER), st.booleans())
def test_a_reply_is_read_whatever_is_around_it(
    draft: dict[str, Any], before: str, thought: str, after: str, pretty: bool
) -> None:
    body = json.dumps(draft, ensure_ascii=not pretty, indent=2 if pretty else None)
    assert read(thought + before + body + after, Draft) == whole(draft)


@given(drafts, st.sampled_from([*BEFORE, *THOUGHT]), st.data())
def test_a_reply_cut_anywhere_gives_whole_claims_or_an_error(
    draft: dict[str, Any], before: str, data: st.DataObject
) -> None:
    body = json.dumps(draft, ensure_ascii=False)
    cut = data.draw(st.integers(0, len(body)))
    try:
        got = read(before + body[:cut], Draft)
    except ReplyError:
        return
    complete = whole(draft).claims
    assert got.claims == complete[: len(got.claims)]
    assert got.claims or not complete, "a reply that was cut short must not say that there is no answer"


@pytest.mark.parametrize("said", SAID)
def test_a_reply_of_every_schema_cut_at_every_character(said: str) -> None:
    replies: list[Reply] = [
        Draft.model_validate({"claims": [{"evidence": [{"passage": 1, "quote": said}], "text": said}] * 2}),
        Entailment.model_validate(
            {"verdicts": [{"claim": 1, "supported": True}, {"claim": 12, "supported": False}]}
        ),
        Standalone(question=said),
        Rewording(queries=(said, said)),
        Restatement(sentences=(Numbered(n=1, text=said), Numbered(n=10, text=said))),
        Recollection(sentences=(said, said)),
    ]
    for reply in replies:
        body = reply.model_dump_json()
        (field,) = type(reply).model_fields
        full = getattr(reply, field)
        for cut in range(len(body)):
            so_far(body[:cut])
            try:
                got = getattr(read(body[:cut], type(reply)), field)
            except ReplyError:
                continue
            assert got == full if isinstance(full, str) else got == full[: len(got)]
            assert got


@given(drafts, st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from('{}[]":,\\ \n<0٣')), max_size=4))
def test_a_damaged_reply_is_read_or_refused(draft: dict[str, Any], damage: list[tuple[int, str]]) -> None:
    body = json.dumps(draft, ensure_ascii=False)
    for at, char in damage:
        place = at % (len(body) + 1)
        body = body[:place] + char + body[place + 1 :]
    so_far(body)
    error = ""
    try:
        read(body, Draft)
    except ReplyError as refused:
        error = str(refused)
    assert "\n" not in error


@given(st.text(max_size=200), st.sampled_from(SCHEMAS))
def test_any_text_is_read_or_refused(text: str, schema: type[Reply]) -> None:
    so_far(text)
    error = ""
    try:
        read(text, schema)
    except ReplyError as refused:
        error = str(refused)
    assert error.startswith(("the model's reply is not ", "the model's reply has no JSON")) or not error


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no JSON"),
        (" \n\t", "no JSON"),
        ("I am sorry, I cannot help with that.", "no JSON"),
        ("申し訳ありませんが、お答えできません。", "no JSON"),
        ("<!doctype html><style>a {color: red}</style>", "no JSON"),
        ("<think>It goes on and on {\"claims\": []}", "no JSON"),
        ("[]", "no JSON"),
        ("null", "no JSON"),
        ('{"result": {"claims": []}}', "claims: Field required"),
        ('{"claims": null}', "claims"),
        ('{"claims": {"text": "x"}}', "claims"),
        ('{"claims": [{"text": "x"}]}', "claims.0.evidence"),
        ('{"claims": [{"evidence": [{"passage": "the second", "quote": "x"}], "text": "x"}]}', "passage"),
        ('{"claims": [{"evidence": [{"passage": 1.5, "quote": "x"}], "text": "x"}]}', "passage"),
        ('{"claims": [{"evidence": [], "text": "' + "x" * 601 + '"}]}', "at most 600"),
        ('{"claims": [{"evidence": [], "text": "\\ud83d"}]}', "text"),
        ('{"claims" [{"evidence": [], "text": "x"}]}', "not JSON"),
        ('{"claims": [', "cut short"),
        ('{"claims": [{"evidence": [], "text": "x"', "cut short"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(text: str, says: str) -> None:
    with pytest.raises(ReplyError) as caught:
        read(text, Draft)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "written",
    [
        "12",
        '"12"',
        '"[12]"',
        '"١٢"',
        "١٢",
        '"۱۲"',
        "۱۲",
        "१२",
        '"१२"',
        "１２",
        '"１２"',
        "๑๒",
        "১২",
        '" 12 "',
        '"#12"',
    ],
)
def test_an_id_in_the_digits_of_any_script(written: str) -> None:
    verdict = f'{{"verdicts": [{{"claim": {written}, "supported": true}}]}}'
    assert [one.claim for one in read(verdict, Entailment).verdicts] == [12]
    numbered = f'{{"sentences": [{{"n":{written}\n, "text": "x"}}, {{"text": "y", "n":{written}}}]}}'
    assert [one.n for one in read(numbered, Restatement).sentences] == [12, 12]


@pytest.mark.parametrize("digits", ["05", "٠٥", "۰۵", "०५", "０５", "๐๕"])
def test_numbers_in_texts_stay_as_they_are(digits: str) -> None:
    said = f'10:{digits}, 3 :{digits}}} [{digits}] "a: {digits}, b" \\'
    reply = json.dumps(
        {"claims": [{"evidence": [{"passage": 1, "quote": said}], "text": said}]}, ensure_ascii=False
    )
    (claim,) = read(reply, Draft).claims
    assert (claim.text, claim.evidence[0].quote) == (said, said)


def test_a_tag_of_thoughts_in_a_text_is_text() -> None:
    said = "Tags: <think> {a} </think> and </thinking> {b}"
    assert read(json.dumps({"question": said}), Standalone).question == said
    assert read(f"```json\n{json.dumps({'question': said})}\n```", Standalone).question == said
    assert read(f"<think>Well.</think>{json.dumps({'question': said})}", Standalone).question == said


def test_raw_line_breaks_in_a_text_are_read() -> None:
    assert read('{"question": "Wann\nwurde\tes gebaut?"}', Standalone).question == "Wann\nwurde\tes gebaut?"


def test_keys_that_were_not_asked_for_are_passed_over() -> None:
    got = read('{"confidence": 0.05, "claims": [], "note": {"a": [1]}}', Draft)
    assert got.claims == ()


@given(drafts)
def test_what_has_arrived_grows_to_the_whole(draft: dict[str, Any]) -> None:
    body = json.dumps(draft, ensure_ascii=False)
    seen = 0
    for cut in range(0, len(body) + 1, max(1, len(body) // 40)):
        arrived = so_far(body[:cut]).get("claims", [])
        assert isinstance(arrived, list)
        assert len(arrived) >= seen
        for one, full in zip(arrived[:-1], draft["claims"], strict=False):
            assert one == full
        seen = len(arrived)
    assert so_far(body) == draft


def test_thoughts_are_not_what_has_arrived() -> None:
    thought = '<think>{"verdicts": [{"claim": 1, "supported": true}]}'
    final = '{"verdicts": [{"claim": 1, "supported": false}]}'
    for begun in (thought, f"{thought} no</think>", thought.removeprefix("<think>").replace("{", "So {", 1)):
        assert so_far(begun) == {}
    assert so_far(f"{thought}</think>\n{final}") == json.loads(final)
    assert so_far(f"```json\n{final}") == json.loads(final)
    assert read(f"{thought}</think>\n{final}", Entailment).verdicts[0].supported is False


def test_a_number_of_which_more_may_come_has_not_arrived() -> None:
    assert so_far('{"verdicts": [{"supported": true, "claim": 1') == {"verdicts": [{"supported": True}]}
    assert so_far('{"verdicts": [{"supported": true, "claim": 12}') == {
        "verdicts": [{"supported": True, "claim": 12}]
    }


@pytest.mark.parametrize(
    "huge",
    [
        "{" * 500_000,
        "[" * 500_000,
        '{"a":' * 200_000,
        '{"claims": ' + "[" * 200_000,
        '{"claims": [' + '"\\' * 200_000,
        "</think>" * 60_000,
        "<think>" * 60_000 + "{",
        '{"claims": [{"evidence": [{"passage": ' + "9" * 300_000,
        '{"claims": [{"evidence": [{"passage": ' + "٩" * 300_000 + "}]}]}",
        '{"claims": ' + " " * 500_000,
        "{ " * 250_000,
    ],
)
def test_a_huge_reply_is_refused_at_once(huge: str) -> None:
    began = time.perf_counter()
    with pytest.raises(ReplyError):
        read(huge, Draft)
    so_far(huge)
    assert time.perf_counter() - began < 2
