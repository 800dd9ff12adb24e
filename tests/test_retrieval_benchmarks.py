"""The pure parts of the retrieval benchmarks: reading, scoring, mixing, and peers that fail."""

import argparse
import json
import math
import sys
import venv
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import heat_map, low_resource, mixed_pool, peer_rankings, peer_stores, peers, retrieval, scale
from benchmarks.plain_words import PlainWords
from xagent.analyser import words
from xagent.concept_embedder import ConceptEmbedder

# XQuAD and plain words


def test_plain_words_meet_across_scripts_but_only_whole() -> None:
    index = PlainWords(["Ein Ballon über Berlin", "Ένα άλογο στη Λάρισα", "हिन्दी में एक गुब्बारा"])
    assert index.search("Где Берлин?", 3) == [0]
    assert index.search("Larisa", 3) == [1]
    assert index.search("Berliner", 3) == []
    assert index.search("गुब्बारा?", 3) == [2]


def test_plain_words_prefer_rare_words_and_find_nothing_where_none_is_shared() -> None:
    index = PlainWords(["the balloon flew", "the horse ran", "the horse slept in the barn"])
    assert index.search("the barn", 3)[0] == 2
    assert index.search("THE Balloon", 1) == [0]
    assert index.search("气球", 3) == []
    assert PlainWords([]).search("anything", 3) == []


@given(st.lists(st.text(max_size=40), max_size=8), st.text(max_size=40), st.integers(1, 5))
def test_plain_words_find_just_the_texts_that_share_a_word(texts: list[str], question: str, k: int) -> None:
    found = PlainWords(texts).search(question, k)
    sharing = {n for n, text in enumerate(texts) if set(words(text)) & set(words(question))}
    assert len(found) == min(k, len(sharing))
    assert set(found) <= sharing


def test_recall_counts_what_was_not_found_as_missed() -> None:
    assert retrieval.recall([1, 2, None, 6], 5) == 0.5
    assert retrieval.recall([], 5) == 0.0


def _ranks(lexical: int | None, words: int | None, any_hit: bool = True) -> retrieval.Ranks:
    return retrieval.Ranks(lexical, lexical, lexical, words, any_hit)


def test_the_report_keeps_the_languages_apart_and_counts_no_hit_within_them_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    results = {
        ("sw", "sw"): [_ranks(1, 1), _ranks(1, 1), _ranks(2, 3), _ranks(1, 1)],
        ("yo", "yo"): [_ranks(1, 1), _ranks(None, None, any_hit=False)],
        ("sw", "yo"): [_ranks(5, None), _ranks(6, None)],
        ("yo", "sw"): [_ranks(None, 1, any_hit=False), _ranks(None, 9, any_hit=False)],
    }
    figures = retrieval.report(results)
    assert figures["same_r1_macro"] == pytest.approx((0.75 + 0.5) / 2)
    assert figures["same_r1_worst"] == 0.5
    assert figures["no_hit"] == pytest.approx(1 / 6, abs=1e-4)
    assert figures["cross_r5_macro"] == 0.25  # one of four, all of them Swahili questions to Yoruba texts
    assert figures["cross_r5_lexicon"] == figures["cross_r5_words"] == 0.25
    assert figures["cross_r5_by_pair"] == {"sw-yo": 0.5, "yo-sw": 0.0}
    assert "sw 0.75  yo 0.50" in capsys.readouterr().out


# Peers


def test_a_peer_is_scored_by_language_and_a_missing_hit_is_not_right() -> None:
    rankings = {"th": [[(0, 2.0)], []], "de": [[(1, 1.0), (0, 0.5)], [(1, 1.0)]]}
    scores = peers.text_scores(rankings, {"th": [0, 1], "de": [0, 1]})
    assert scores == peers.TextScores(same_r1_macro=0.5, worst=0.5, no_hit=0.25)
    with pytest.raises(ValueError, match="zip"):
        peers.text_scores({"th": [[]]}, {"th": [0, 1]})


def _stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str) -> Path:
    """A script to be run with this Python instead of a peer's."""
    monkeypatch.setattr(peers, "environment", lambda peer, cache: Path(sys.executable))
    script = tmp_path / "script.py"
    script.write_text(f"import json, os, sys\npeer, given, made = sys.argv[1:]\n{body}\n", "utf-8")
    return script


PEER = peers.Peer("someone", ())


def test_a_peer_is_asked_by_files_and_apart_from_this_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    body = "found = {'peer': peer, 'path': os.environ.get('PYTHONPATH')} | json.load(open(given))\n"
    body += "json.dump(found, open(made, 'w'))"
    script = _stand_in(monkeypatch, tmp_path, body)
    assert peers.ask(PEER, script, {"سؤال": "؟"}) == {"سؤال": "؟", "peer": "someone", "path": None}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("raise RuntimeError('no such tokeniser')", "fails: RuntimeError: no such tokeniser"),
        ("sys.exit(3)", "fails: exit 3"),
        ("pass", "wrote nothing to be read"),
        ("open(made, 'w').write('[]')", "wrote list, not an object"),
        ("open(made, 'w').write('{\"sw\": 5}')", "rankings that cannot be read"),
        ("open(made, 'w').write('{\"yo\": [[[0, 1.0]]]}')", "rankings that cannot be read"),
    ],
)
def test_a_peer_that_fails_is_a_reason_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str, reason: str
) -> None:
    monkeypatch.setattr(peers, "RANKINGS", _stand_in(monkeypatch, tmp_path, body))
    found = peers.measure_text(PEER, {}, {"sw": [0]})
    assert isinstance(found, str)
    assert reason in found
    assert "\n" not in found


def test_a_peer_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = _stand_in(monkeypatch, tmp_path, "import time; time.sleep(30)")
    with pytest.raises(peers.PeerFailed, match="not done after"):
        peers.ask(PEER, script, {}, seconds=0.5)


def test_what_cannot_be_installed_is_a_reason_and_is_not_taken_for_ready(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def complain(command: list[str], what: str, seconds: float) -> None:
        raise peers.PeerFailed(f"{what}: ERROR: No matching distribution found")

    monkeypatch.setattr(venv, "create", lambda folder, with_pip: folder.mkdir(parents=True))
    monkeypatch.setattr(peers, "_finished", complain)
    for _ in range(2):
        with pytest.raises(peers.PeerFailed, match="cannot be installed: ERROR: No matching"):
            peers.environment(peers.Peer("none", (("no-such-package==0",),)), tmp_path)


def test_an_environment_is_made_once_and_another_for_other_versions(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = []
    monkeypatch.setattr(venv, "create", lambda folder, with_pip: folder.mkdir(parents=True))
    monkeypatch.setattr(peers, "_finished", lambda command, what, seconds: made.append(command[-1]))
    one, other = peers.Peer("one", (("a==1",),)), peers.Peer("one", (("a==2",),))
    assert peers.environment(one, tmp_path) == peers.environment(one, tmp_path)
    assert peers.environment(other, tmp_path) != peers.environment(one, tmp_path)
    assert made == ["a==1", "a==2"]


def test_the_installers_complaint_is_the_line_that_says_why() -> None:
    assert peers.last_line("WARNING: x\nERROR: first\nERROR: second\n") == "ERROR: first"
    assert peers.last_line("Traceback\n  File\nValueError:  bad \n\n") == "ValueError: bad"
    assert peers.last_line("") == ""


def test_every_text_peer_has_its_search() -> None:
    assert {peer.name for peer in peers.TEXT_PEERS} == set(peer_rankings.PEERS)
    assert {peer.name for peer in peers.STORE_PEERS} == set(peer_stores.PEERS)


def test_a_peers_hits_without_a_score_are_no_hits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        peer_rankings.PEERS, "toy", lambda texts: lambda question: [(1, 0.5), (0, 0.0), (2, -1.0)]
    )
    assert peer_rankings.rankings("toy", ["a", "b", "c"], ["q"]) == [[(1, 0.5)]]


def test_plotting_that_is_missing_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(heat_map.NoPlotting, match=r"xagent\[eval\]"):
        heat_map.check_plotting()


def test_a_pair_that_was_not_measured_stays_blank() -> None:
    table = heat_map.rows({("hi", "zh"): 0.5}, ["hi", "zh"])
    assert table[0][1] == 0.5
    assert all(math.isnan(value) for value in (table[0][0], *table[1]))


# The mixed pool


def _lareqa(folder: Path, language: str, text: str, breaks: list[list[int]], answer: int) -> None:
    asked = {"id": "q1", "question": f"{language}?", "answers": [{"answer_start": answer, "text": "x"}]}
    row = {"context": text, "sentence_breaks": breaks, "sentences": [], "qas": [asked]}
    folder.mkdir(exist_ok=True)
    data = json.dumps({"data": [{"paragraphs": [row]}]}, ensure_ascii=False)
    (folder / f"{language}.json").write_text(data, "utf-8")


@pytest.mark.parametrize("within", ["", "xquad-r"])
def test_right_is_the_sentence_where_the_answer_begins_in_each_language(tmp_path: Path, within: str) -> None:
    folder = tmp_path / within
    _lareqa(folder, "zh", "他飞了。她睡了。", [[0, 4], [4, 8]], 4)
    _lareqa(folder, "ar", "طار الرجل. نامت المرأة.", [[0, 10], [11, 23]], 2)
    pool = mixed_pool.read(tmp_path)
    assert mixed_pool.right_sentences(pool) == {"q1": {("zh", 0, 4), ("ar", 0, 0)}}
    (document,) = mixed_pool.documents("zh", pool["zh"])
    assert [document.text[p.start : p.end] for p in document.passages] == ["他飞了。", "她睡了。"]


ONE, TWO, THREE = ("sw", 0, 0), ("yo", 0, 0), ("yo", 1, 0)


def test_average_precision() -> None:
    assert mixed_pool.average_precision([ONE, TWO], {ONE, TWO}) == 1.0
    assert mixed_pool.average_precision([THREE, ONE], {ONE, TWO}) == 0.25  # half, and the other is not found
    assert mixed_pool.average_precision([], {ONE}) == 0.0


@given(st.permutations([("sw", n, 0) for n in range(6)]), st.integers(1, 5))
def test_average_precision_is_1_only_when_the_right_ones_come_first(
    found: list[mixed_pool.Sentence], many: int
) -> None:
    right = {("sw", n, 0) for n in range(many)}
    score = mixed_pool.average_precision(found, right)
    assert (score == 1.0) == (set(found[:many]) == right)
    assert 0 < score <= 1


def test_scores_tell_the_questions_own_language_from_others(capsys: pytest.CaptureFixture[str]) -> None:
    naive, fair = mixed_pool.Scores(), mixed_pool.Scores()
    wrong = ("sw", 9, 0)
    naive.add("sw", {ONE, TWO}, [ONE, wrong, TWO], [ONE, wrong], [ONE, wrong])
    fair.add("sw", {ONE, TWO}, [TWO, wrong], [TWO, wrong], [TWO, wrong])
    figures = mixed_pool.report(naive, fair)
    assert figures["same_language_cost"] == 100.0  # points
    assert (figures["across_recall20_naive"], figures["across_recall20_fair"]) == (0.0, 1.0)
    assert figures["recall20_naive"] == figures["recall20_fair"] == 0.5
    assert figures["share_by_language"] == {"naive": {"sw": 1.0}, "fair": {"sw": 0.5, "yo": 0.5}}
    assert figures["share_asked_in_another"] == {"naive": {}, "fair": {"yo": 1.0}}
    assert "recall@20" in capsys.readouterr().out


# Low-resource languages


def _lines(path: Path, *rows: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def _gold(question: str, translation: str | None, context: str | None) -> dict[str, object]:
    return {"question_lang": question, "question_translated": translation, "context": context, "id": "0"}


def test_afriqa_is_read_around_its_gaps(tmp_path: Path) -> None:
    gold = tmp_path / "gold_passages"
    _lines(
        gold / "yor" / "gold_span_passages.afriqa.yor.en.test.json",
        _gold("Ta ni ó fò?", "Who flew?", "A balloon flew.  "),
        _gold("Níbo ni?", "Where?", None),
        _gold("Kí ni?", None, "It was red."),
        _gold("Ta ni ó sùn?", "Who slept?", "A balloon flew."),
    )
    _lines(
        gold / "fon" / "gold_span_passages.afriqa.fon.fr.dev.json", _gold("Mɛ̌?", "Qui  a volé?", "Il a volé.")
    )
    queries: list[dict[str, object]] = [
        {"question": "Kan moo naaw?", "translated_question": "qui a volé?", "answers": "['unreadable"},
        {"question": "Fan la?", "translated_question": "Où?", "answers": "[]"},
        {"question": "Lan la?", "translated_question": None, "answers": "[]"},
    ]
    _lines(tmp_path / "queries" / "wol" / "queries.afriqa.wol.fr.test.json", *queries)
    same = {"question": "Ta?", "translated_question": "Who flew?"}
    _lines(tmp_path / "queries" / "yor" / "queries.afriqa.yor.en.dev.json", same)
    pool = low_resource.read(tmp_path)
    assert sorted(pool.passages) == [("en", "A balloon flew."), ("fr", "Il a volé.")]
    passages = {number: language for (language, _), number in pool.passages.items()}
    asked = [(one.language, one.question, one.pivot, passages[one.passage]) for one in pool.questions]
    assert asked == [
        ("fon", "Mɛ̌?", "fr", "fr"),
        ("yor", "Ta ni ó fò?", "en", "en"),
        ("yor", "Ta ni ó sùn?", "en", "en"),
        ("wol", "Kan moo naaw?", "fr", "fr"),
    ]


def test_the_mean_over_languages_weighs_each_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    found = {
        "swa": [low_resource.Recalls(False, True, True, True)] * 3,
        "wol": [low_resource.Recalls(False, False, True, False)],
    }
    figures = low_resource.report(found)
    assert figures["recall10_direct"] == {"swa": 1.0, "wol": 0.0, "macro": 0.5}
    assert figures["recall10_translated"]["macro"] == 1.0
    assert "macro" in capsys.readouterr().out


# Scale

REAL = [
    ("ja", "飛んだ。寝た。"),
    ("ar", "طار الرجل. نامت المرأة."),
    ("hi", "वह उड़ा। वह सोया।"),
    ("sw", "Aliruka. Alilala. Aliamka."),
]


@given(st.integers(0, 40), st.integers(0, 5))
def test_a_corpus_has_the_size_asked_for_and_keeps_languages_apart(count: int, seed: int) -> None:
    made = list(scale.corpus(REAL, count, seed))
    assert len(made) == count
    assert made == list(scale.corpus(REAL, count, seed))
    assert made[: len(REAL)] == scale.spread(REAL, count)
    own = {code: set(scale.sentences(text, code)) for code, text in REAL}
    mixed = made[len(REAL) :]
    each = Counter(code for code, _ in mixed)
    assert not mixed or max(each.values()) - min(each[code] for code in own) <= 1
    for code, text in mixed:
        assert any(text.startswith(sentence) for sentence in own[code])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.text(max_size=3)), max_size=30), st.integers(0, 40))
def test_a_part_of_a_list_is_taken_evenly(items: list[scale.Text], count: int) -> None:
    taken = scale.spread(sorted(items), count)
    assert len(taken) == min(count, len(items))
    assert taken == sorted(taken)
    if len(items) and count * 2 >= len(items):
        assert taken[0] == sorted(items)[0]


def test_sentences_of_scripts_with_other_full_stops() -> None:
    assert scale.sentences("飛んだ。寝た。", "ja") == ["飛んだ。", "寝た。"]
    assert scale.sentences("वह उड़ा। वह सोया।", "hi") == ["वह उड़ा।", "वह सोया।"]
    assert scale.sentences("Ei pistettä", "fi") == ["Ei pistettä"]


def test_a_corpus_is_written_and_read_again(tmp_path: Path) -> None:
    scale.write(iter(REAL), tmp_path / "corpus.jsonl")
    assert list(scale.written(tmp_path / "corpus.jsonl")) == REAL
    documents = list(scale.documents(tmp_path / "corpus.jsonl"))
    assert [document.passages[0].language for document in documents] == ["ja", "ar", "hi", "sw"]
    assert len({document.part for document in documents}) == 4


def test_vectors_are_those_of_the_embedder_whatever_the_batch(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    texts = [text for _, text in REAL]
    monkeypatch.setattr(scale, "BATCH", 3)
    scale.vectors(iter(texts), len(texts), tmp_path / "v.npy")
    made = np.load(tmp_path / "v.npy")
    assert np.allclose(made, ConceptEmbedder().embed_passages(texts))


def test_sizes_are_numbers_the_smallest_first() -> None:
    assert scale.sizes("300000, 60000,") == [60_000, 300_000]
    for wrong in ("", "0", "-5"):
        with pytest.raises(argparse.ArgumentTypeError):
            scale.sizes(wrong)


def test_growth_is_told_between_the_smallest_and_the_largest() -> None:
    rows = [scale.Row(100, 2.0, 4.0, 1.0, 10.0, 5.0, 50.0), scale.Row(500, 4.0, 4.0, 1.0, 50.0, 25.0, 100.0)]
    told = scale.growth(rows)
    assert told.startswith("5.0 times the passages")
    assert "search_p50_ms x2.0" in told
    assert "build_seconds x5.0" in told


def test_percentiles_of_few_and_of_many() -> None:
    assert peer_stores.percentiles([7.0]) == (7.0, 7.0)
    p50, p95 = peer_stores.percentiles([float(n) for n in range(1, 101)])
    assert p50 == 50.5
    assert 95 <= p95 <= 96


def test_batches_stop_when_time_is_up_but_not_before_the_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(peer_stores, "BATCH", 2)
    scale.write(iter(REAL[:3]), tmp_path / "c")
    task: peer_stores.Task = {
        "corpus": str(tmp_path / "c"),
        "vectors": "",
        "questions": [],
        "question_vectors": "",
        "seconds": 1,
        "places": 1,
        "folder": "",
    }
    assert [(at, codes) for at, codes, _ in peer_stores.batches(task, math.inf)] == [
        (0, ["ja", "ar"]),
        (2, ["hi"]),
    ]
    assert [at for at, _, _ in peer_stores.batches(task, 0.0)] == [0]


def test_searches_go_on_for_the_least_number_and_then_while_there_is_time() -> None:
    asked: list[int] = []
    assert len(peer_stores.milliseconds(asked.append, 30, until=0.0)) == peer_stores.LEAST
    assert len(peer_stores.milliseconds(asked.append, 30, until=math.inf)) == 30
    assert set(asked[-30:]) == set(range(30))
