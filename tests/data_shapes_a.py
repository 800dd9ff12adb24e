"""Small data sets, written for tests, in the published shapes of XRAG, BordIRlines, Belebele and MLQA."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

Json = Mapping[str, object]


def write_lines(path: Path, rows: Iterable[object]) -> Path:
    """JSON Lines, with folders as needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), "utf-8")
    return path


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str) -> Path:
    """A table with a header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows([header, *rows])
    return path


def write_json(path: Path, value: object) -> Path:
    """One JSON value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False), "utf-8")
    return path


# XRAG

ENGLISH = (
    "The harbour board of Lindhaven approved a new ferry terminal on Monday after years of debate.",
    "Fishermen in Lindhaven say the ferry terminal will cost them the best berths in the harbour.",
    "The orchestra opened its autumn season with a symphony that had not been played for a century.",
    "Volunteers counted more than four thousand storks along the river during the spring migration.",
    "A bakery in the old town has been baking the same rye bread since the reign of the last king.",
    "Engineers found that the bridge can carry trams again once its bearings have been replaced.",
    "The library lends out garden tools, and its readers bring back more than they borrow.",
    "Heavy snow closed the mountain pass for nine days, and the post came by helicopter.",
)
GERMAN = (
    "Die Fischer von Lindhaven befürchten, dass der neue Fährhafen ihnen die besten Liegeplätze nimmt.",
    "Der Stadtrat will die alte Straßenbahn bis zum nächsten Sommer wieder über die Brücke fahren lassen.",
)
QUESTIONS = {
    "ar": ("ما الذي يخشاه صيادو ليندهافن بعد قرار مجلس الميناء؟", "فقدان أفضل المراسي"),
    "de": (
        "Was fürchten die Fischer von Lindhaven nach dem Beschluss?",
        "den Verlust der besten Liegeplätze",
    ),
    "es": ("¿Qué temen los pescadores de Lindhaven tras la decisión?", "perder los mejores amarres"),
    "zh": ("港务局作出决定后，林德港的渔民担心什么？", "失去最好的泊位"),
}


def xrag_row(language: str, articles: Sequence[str] = ENGLISH, **changes: object) -> dict[str, object]:
    """A row: the first two articles support, and are shown last. Ids are numbers, flags may be text."""
    question, answer = QUESTIONS[language]
    count = len(articles)
    row = {
        "id": 7,
        "language": language,
        "question": question,
        "answer": answer,
        "en_question": "What do the fishermen of Lindhaven fear after the decision?",
        "en_answer": "losing the best berths",
        "q_type": "multihop",
        "a_type": "original",
        "crossdoc_type": 2,
        "articles": list(articles),
        "dates": ["2024-07-01"] * count,
        "urls": ["https://news.example/a"] * count,
        "is_support": ["1", 1] + [0] * (count - 2),
        "article_order": [str((place - 2) % count) for place in range(count)],
    }
    return {**row, **changes}


def write_xrag(folder: Path) -> Path:
    """Four questions over the same English articles, and one over English and German ones."""
    mixed = (*GERMAN, *ENGLISH[2:])
    english = "Which berths will the fishermen lose?"
    rows = [*map(xrag_row, QUESTIONS), xrag_row("de", mixed, id="8", en_question=english)]
    write_lines(folder / "xrag.test.jsonl", rows)
    return folder


# BorderLines and BordIRlines: invented territories of real countries

_TERRITORIES = (
    ("Petrel Rocks", "Japan;South Korea", "Japan"),
    ("Stork Meadow", "Finland;Israel;United Kingdom", "Unknown"),
    ("Amber Reef", "Suriname;Guyana", "Guyana"),
)
COUNTRIES = {
    "Japan": "ja",
    "South Korea": "ko",
    "Finland": "fi",
    "Israel": "iw",
    "United Kingdom": "en",
    "Guyana": "en",
}
_TRANSLATED = {
    "ja": [("ペトレル岩は A) 日本 それとも B) 韓国 の領土ですか？", ["日本", "韓国"])],
    "ko": [("페트럴 바위는 A) 일본 또는 B) 대한민국 의 영토입니까?", ["일본", "대한민국"])],
    "fi": [
        (
            "Kuuluuko Haikaraniitty valtiolle A) Suomi vai B) Israel vai C) Britannia?",
            ["Suomi", "Israel", "Britannia"],
        )
    ],
    "iw": [
        (
            "האם אחו החסידות הוא שטח של A) פינלנד או B) ישראל או C) בריטניה?",
            ["פינלנד", "ישראל", "בריטניה"],
        )
    ],
    "nl": [("Is het Amberrif een gebied van A) Suriname of B) Guyana?", ["Suriname", "Guyana"])],
}


def _english(name: str, claimants: str) -> str:
    lettered = [f"{'ABC'[place]}) {claimant}" for place, claimant in enumerate(claimants.split(";"))]
    return f"Is {name} a territory of {' or '.join(lettered)}?"


def write_borderlines(folder: Path) -> Path:
    """The table, the countries (Suriname is missing, as it is there) and the questions in five languages."""
    header = ["Territory", "Claimants", "Controller", "Region", "Population", "Query", "QueryID"]
    rows = [
        [name, claimants, controller, "Oceania", 0, _english(name, claimants), f"{name.replace(' ', '_')}_en"]
        for name, claimants, controller in _TERRITORIES
    ]
    write_table(folder / "disputed_territories.csv", header, rows, ",")
    info = {name: {"Lang_Code": code, "Lang_Name": "", "Population": 1} for name, code in COUNTRIES.items()}
    write_json(folder / "countries_info.json", info)
    for code, lines in _TRANSLATED.items():
        prompts = folder / "translate" / "prompts_mc_q" / f"prompts.{code}"
        write_lines(prompts.with_name(f"choices.{code}"), [options for _, options in lines])
        prompts.write_text("\n".join(text for text, _ in lines) + "\n", "utf-8")
    return folder


HITS = ("query_id", "territory", "rank", "score", "doc_id", "doc_lang")
_MODES = ("qlang", "qlang_en", "en", "rel_langs")


def write_bordirlines(folder: Path, header: Sequence[str] = ("territory", "language")) -> Path:
    """The passages as the hub has them, twelve a question and mode; `en` repeats a part of `control`."""
    asked = [("control", name, _english(name, claimants)) for name, claimants, _ in _TERRITORIES]
    owners = {"ja": 0, "ko": 0, "fi": 1, "iw": 1, "nl": 2}
    asked += [(code, _TERRITORIES[owners[code]][0], lines[0][0]) for code, lines in _TRANSLATED.items()]
    queries = []
    for number, (code, name, text) in enumerate(asked, start=1):
        known = {"territory": name, "language": "en" if code == "control" else code}
        queries.append([f"Q{number}", text, *(known[column] for column in header)])
        in_english = code == "control" and name != "Petrel Rocks"
        for mode in _MODES:
            for kept in (code, "en") if in_english else (code,):
                _write_hits(folder / "data" / kept / "openai" / mode, kept, f"Q{number}", name)
    write_table(folder / "data" / "queries.tsv", ("query_id", "query_text", *header), queries, "\t")
    texts = {code: {f"{n}_p0": f"[{code}] passage {n}" for n in range(40)} for code in ("en", *_TRANSLATED)}
    write_json(folder / "data" / "all_docs.json", {**texts, "control": {}})
    return folder


def _write_hits(folder: Path, code: str, query: str, name: str) -> None:
    """Twelve hits, the best last, in the question's language or English by the mode."""
    language = "en" if code in ("control", "en") or folder.name == "en" else code
    first = int(query[1:])
    rows = [[query, name, 12 - n, 0.5, f"{first + n}_p0", language] for n in range(12)]
    path = folder / f"{code}_query_hits.tsv"
    if path.exists():
        with path.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter="\t", lineterminator="\n").writerows(rows)
    else:
        write_table(path, HITS, rows, "\t")


# Belebele: parallel rows, in an order of each language's own

BELEBELE = {
    "eng_Latn": (
        "The lamp went out at midnight.",
        "When did the lamp go out?",
        ("noon", "midnight", "dawn", "dusk"),
    ),
    "hin_Deva": ("दीपक आधी रात को बुझ गया।", "दीपक कब बुझा?", ("दोपहर", "आधी रात", "भोर", "शाम")),
    "swh_Latn": (
        "Taa ilizimika usiku wa manane.",
        "Taa ilizimika lini?",
        ("adhuhuri", "usiku wa manane", "alfajiri", "jioni"),
    ),
    "tha_Thai": ("ตะเกียงดับตอนเที่ยงคืน", "ตะเกียงดับเมื่อใด", ("เที่ยงวัน", "เที่ยงคืน", "รุ่งสาง", "พลบค่ำ")),
    "yor_Latn": (
        "Àtùpà náà kú ní ọ̀gànjọ́ òru.",
        "Ìgbà wo ni àtùpà náà kú?",
        ("ọ̀sán", "ọ̀gànjọ́ òru", "òwúrọ̀", "ìrọ̀lẹ́"),
    ),
}


def belebele_row(variety: str, number: int = 1, **changes: object) -> dict[str, object]:
    """The row of a question about the only passage; the right answer is the second, given as text."""
    passage, question, options = BELEBELE[variety]
    row = {
        "link": "https://lamps.example/1",
        "question_number": number,
        "flores_passage": passage,
        "question": question,
        **{f"mc_answer{place}": option for place, option in enumerate(options, start=1)},
        "correct_answer_num": "2",
        "dialect": variety,
        "ds": "2023-05-03",
    }
    return {**row, **changes}


def write_belebele(folder: Path) -> Path:
    """Two questions in each language; English has them the other way round."""
    for variety in BELEBELE:
        numbers = (2, 1) if variety == "eng_Latn" else (1, 2)
        write_lines(folder / f"{variety}.jsonl", [belebele_row(variety, number) for number in numbers])
    return folder


# MLQA

MLQA = {
    "ar": ("افتُتح الجسر عام 1936 بعد أربع سنوات من العمل.", "كم سنة استغرق بناء الجسر؟", "أربع سنوات"),
    "en": (
        "The bridge was opened in 1936 after four years of work.",
        "How long did the bridge take?",
        "four years",
    ),
    "zh": ("大桥历时四年，于1936年通车。", "大桥建了多久？", "四年"),
}


def squad(context: str, question: str, answer: str, title: str = "") -> Json:
    """A file in the shape of SQuAD with one question."""
    gold = {"text": answer, "answer_start": context.index(answer)}
    asked = {"id": "037e8929", "question": question, "answers": [gold]}
    return {
        "version": "1.0",
        "data": [{"title": title, "paragraphs": [{"context": context, "qas": [asked]}]}],
    }


def write_mlqa(folder: Path, languages: Sequence[str] = ("ar", "en", "zh")) -> Path:
    """A file for each pair of languages, as the zip has them."""
    for read in languages:
        for asked in languages:
            context, _, answer = MLQA[read]
            path = folder / "test" / f"test-context-{read}-question-{asked}.json"
            write_json(path, squad(context, MLQA[asked][1], answer, "Bridge"))
    return folder
