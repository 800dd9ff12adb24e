"""Questions that a model writes for passages: passages are found by them, and nobody ever sees them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.as_asked import AsAsked
from xagent import generated_questions
from xagent.agent import Agent
from xagent.catalog import State
from xagent.doctor import examine
from xagent.errors import NoModel
from xagent.generated_questions import usable
from xagent.ingest import IngestReport
from xagent.kept_questions import KeptQuestions
from xagent.replies import AskedOf
from xagent.testing import ModelServer, Reply, Request, combined

TEXTS = {
    "zh.md": "# 青石渡口\n\n青石渡口的石桥由工匠周怀远于1764年主持修建。\n",
    "ja.md": "# 霧ヶ沢の灯台\n\n霧ヶ沢の灯台は1887年に大工の杉本源蔵が建てた。\n",
    "tr.md": "# Karaçay değirmeni\n\nKaraçay değirmeni 1812 yılında Hacı Ömer Ağa tarafından kuruldu.\n",
    "ar.md": "# سد وادي نمار\n\nافتتح سد وادي نمار عام 1961، ويبلغ ارتفاعه أربعين مترًا.\n",
}
ASKED = {
    "ar": "متى بُني الجسر الحجري القديم عند معبر النهر؟",
    "fa": "پل سنگی قدیمی کنار گذرگاه رودخانه را چه کسی ساخت؟",
    "fi": "Kuka rakennutti vanhan kivisillan jokiylityksen kohdalle?",
    "he": "מי בנה את גשר האבן הישן שליד מעבר הנהר?",
    "hi": "नदी के घाट पर पुराना पत्थर का पुल किसने बनवाया था?",
    "ja": "渡し場にある古い石橋を建てたのは誰ですか。",
    "sw": "Nani alijenga daraja la zamani la mawe kwenye kivuko cha mto?",
    "th": "ใครเป็นผู้สร้างสะพานหินเก่าตรงท่าข้ามแม่น้ำ",
    "tr": "Nehir geçidindeki eski taş köprüyü kim yaptırdı?",
    "yo": "Ta ni ó kọ́ afárá òkúta àtijọ́ tó wà ní ibi ìkọjá odò?",
    "zh": "渡口的旧石桥是谁修建的？",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "documents"
    made.mkdir()
    for name, text in TEXTS.items():
        (made / name).write_text(text, "utf-8")
    return made


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer({"Questions": of_the_bridge}) as running:
        yield running


def of_the_bridge(request: Request) -> Reply:
    """The passage in Chinese is asked about in each language; of others there is nothing to ask."""
    asked = [
        {"passage": one.id, "language": code, "text": ASKED[code]}
        for one in request.passages
        for code in request.languages
        if one.language == "zh"
    ]
    return {"asked": asked}


def agent(folder: Path, server: ModelServer | None, **choices: Any) -> Agent:
    return Agent(folder.parent / "store", "quote", model_url=server.url if server else "", **choices)


def ingested(made: Agent, folder: Path, questions: int = 3) -> IngestReport:
    return made.ingest([folder], root=folder, questions=questions)


def found(made: Agent, question: str) -> list[str]:
    return [hit.passage.source for hit in made.search(question, k=1)]


def kept(made: Agent) -> dict[int, tuple[str, ...]]:
    return KeptQuestions(made.store.catalog).of(range(1, 100))


@pytest.mark.parametrize("code", ["ar", "tr"])
def test_a_passage_is_found_by_its_questions(folder: Path, server: ModelServer, code: str) -> None:
    with agent(folder, server) as made:
        ingested(made, folder, 0)
        made.store.lexicon = AsAsked()  # which would find it by itself
        assert found(made, ASKED[code]) != ["zh.md"]
        report = ingested(made, folder)
        assert report.questions == 3
        assert found(made, ASKED[code]) == ["zh.md"]
        assert examine(made.store).sound


def test_nobody_sees_them(folder: Path, server: ModelServer) -> None:
    with agent(folder, server) as made:
        ingested(made, folder)
        hits = made.search(ASKED["tr"])
        answer = made.ask(ASKED["tr"])
    shown = json.dumps([hits.as_dict(), answer.model_dump(mode="json")], ensure_ascii=False)
    assert "köprü" not in shown.replace(ASKED["tr"], "")
    assert ASKED["ja"] not in shown


def test_questions_are_in_the_languages_of_the_store(folder: Path, server: ModelServer) -> None:
    with agent(folder, server) as made:
        ingested(made, folder, 5)
        (texts,) = kept(made).values()
    asked = {r.passages[0].language: r.languages for r in server.requests}
    assert asked["zh"] == ["ar", "ja", "tr", "zh", "ar"]
    assert asked["tr"] == ["ar", "ja", "zh", "tr", "ar"]
    # The same question twice is one.
    assert texts == tuple(ASKED[code] for code in ("ar", "ja", "tr", "zh"))


def test_what_has_its_questions_is_not_asked_about_again(folder: Path, server: ModelServer) -> None:
    with agent(folder, server) as made:
        ingested(made, folder)
        count = len(server.requests)
        assert ingested(made, folder).questions == 0
        assert len(server.requests) == count
        (folder / "sw.md").write_text("Mlima Meru una urefu wa mita elfu nne na mia tano.\n", "utf-8")
        ingested(made, folder, 2)
        assert [one.language for r in server.requests[count:] for one in r.passages] == ["sw"]


def test_the_same_content_is_asked_about_once(folder: Path, server: ModelServer) -> None:
    with agent(folder, server) as made:
        ingested(made, folder)
        asked = [r for r in server.requests if r.passages[0].language == "zh"]
        (folder / "zh.md").rename(folder / "copy.md")
        made.ingest([folder], root=folder, questions=3, prune=True)
        assert [r for r in server.requests if r.passages[0].language == "zh"] == asked
        assert found(made, ASKED["ja"]) == ["copy.md"]


def test_they_go_with_their_passage(folder: Path, server: ModelServer) -> None:
    with agent(folder, server) as made:
        ingested(made, folder)
        assert len(kept(made)) == 1
        (folder / "zh.md").unlink()
        made.ingest([folder], root=folder, prune=True)
        assert kept(made) == {}
        assert made.store.catalog.rows("SELECT count(*) FROM questions") == [(3,)]
        assert found(made, ASKED["tr"]) != ["zh.md"]


def test_a_rebuilt_index_has_them(folder: Path, server: ModelServer) -> None:
    with agent(folder, server) as made:
        ingested(made, folder)
        assert examine(made.store, repair=True).sound
        assert found(made, ASKED["ar"]) == ["zh.md"]


def test_a_run_that_was_killed_is_finished(folder: Path, server: ModelServer) -> None:
    with agent(folder, server) as made:
        ingested(made, folder, 0)
        (key,) = [p.key for p in made.store.catalog.passages_after(0, 9) if p.language == "zh"]
        KeptQuestions(made.store.catalog).keep({key: [ASKED["tr"]]}, 1)
        assert made.store.catalog.count(State.PENDING) == 1
        ingested(made, folder, 0)
        assert made.store.catalog.count(State.PENDING) == 0
        assert found(made, ASKED["tr"]) == ["zh.md"]


@pytest.mark.parametrize("kind", ["status 500", "status 401", "empty", "not json"])
def test_a_model_that_fails_costs_the_questions_only(folder: Path, kind: Any) -> None:
    with ModelServer({"Questions": of_the_bridge}, faults=[kind]) as server, agent(folder, server) as made:
        report = ingested(made, folder)
        assert (report.read, report.questions) == (4, 0)
        assert list(report.failed) == ["questions for passages"]
        assert found(made, "Karaçay değirmeni") == ["tr.md"]
        server.faults = []
        again = ingested(made, folder)
        assert (again.read, again.questions, again.failed) == (0, 3, {})


def test_what_one_request_loses_the_others_keep(folder: Path, server: ModelServer) -> None:
    def says_nothing_in_arabic(request: Request) -> Reply:
        return "no" if request.passages[0].language == "ar" else of_the_bridge(request)

    server.rule = combined({"Questions": says_nothing_in_arabic})
    with agent(folder, server) as made:
        report = ingested(made, folder)
        assert "no JSON" in report.failed["questions for passages"]
        assert found(made, ASKED["tr"]) == ["zh.md"]
        server.requests.clear()
        assert ingested(made, folder).failed == report.failed
        assert [one.language for r in server.requests for one in r.passages] == ["ar", "ar"]


def test_without_a_model_nothing_is_begun(folder: Path) -> None:
    with agent(folder, None) as made, pytest.raises(NoModel):
        ingested(made, folder)
    assert not (folder.parent / "store").exists()


def test_several_passages_go_in_one_request_and_several_requests_at_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"Köprü {n} numaralı yol üzerindedir ve {1800 + n} yılında yapılmıştır." for n in range(40)]
    (folder / "rows.jsonl").write_text("".join(json.dumps({"text": row}) + "\n" for row in rows), "utf-8")
    monkeypatch.setattr(generated_questions, "CONCURRENT", 3)
    with ModelServer(delay=0.05) as server, agent(folder, server) as made:
        report = ingested(made, folder, 2)
        assert report.questions >= 80
        sizes = [len(r.passages) for r in server.requests if r.passages[0].language == "tr"]
        assert sum(sizes) == 41
        assert max(sizes) == 8
        spans = [(r.started, r.finished or 0.0) for r in server.requests]
    busy = [sum(begun <= start < ended for begun, ended in spans) for start, _ in spans]
    assert 2 <= max(busy) <= 3


def asked_of(*given_: tuple[int, str, str]) -> list[AskedOf]:
    return [AskedOf(passage=passage, language=code, text=text) for passage, code, text in given_]


@pytest.mark.parametrize("code", ASKED)
def test_a_question_is_in_the_language_it_says(code: str) -> None:
    other = "zh" if code not in ("zh", "ja") else "hi"
    said = asked_of((1, code, f" {ASKED[code]}\n"), (1, code, ASKED[other]), (9, code, ASKED[code]))
    assert usable(said, 2, [code, code]) == {1: (ASKED[code],)}
    assert usable(said, 2, [other]) == {}


@given(
    st.lists(
        st.tuples(st.integers(-2, 5), st.sampled_from(["tr", "sw"]), st.sampled_from(list(ASKED.values())))
    )
)
def test_no_more_than_were_wanted(said: list[tuple[int, str, str]]) -> None:
    found = usable(asked_of(*said), 3, ["tr", "sw", "tr"])
    assert set(found) <= {1, 2, 3}
    for texts in found.values():
        assert len(set(texts)) == len(texts) <= 3
        assert set(texts) <= {ASKED["tr"], ASKED["sw"]}
