"""BordIRlines: whose is a disputed territory, asked in its claimants' languages (Li et al. 2024).

"BordIRlines: A Dataset for Evaluating Cross-lingual Retrieval-Augmented Generation", arXiv 2410.01171, on the
questions of BorderLines ("This Land is {Your, My} Land", arXiv 2305.14610): 251 territories, 720 questions of
multiple choice in 49 languages, 251 of them the English ones that are asked of every territory (`control`).

`--data` names a folder with one half or both:

- BorderLines (github.com/manestay/borderlines; it states no licence): `disputed_territories.csv`,
  `countries_info.json` and `translate/prompts_mc_q/`. Enough for `no_ir`. A row:
  `Abyei,South Sudan;Sudan,Sudan,Africa,124390,Is Abyei a territory of A) South Sudan or B) Sudan?,Abyei_en`
- the passages (`borderlines/bordirlines` on the hub, MIT; they are from Wikipedia, CC BY-SA), downloaded:
  `data/` with `queries.tsv`, `all_docs.json` and `LANGUAGE/SYSTEM/MODE/LANGUAGE_query_hits.tsv`. Rows:
  `query_id query_text territory language` and `query_id territory rank score doc_id doc_lang`. And, for some
  settings, `llm_annotations.tsv`: `query_id doc_id relevant_zeroshot relevant_fewshot ...`.

Without the first half the options are cut out of the questions, and `control_cs` and `delta_cs` are missing:
they need to know each country's language. Settings, each over the ten first passages of a question, found by
OpenAI's embedder, or with `:m3` after it by BGE-M3; with `:relevant` or `:non_relevant` at the end over those
of the ten that GPT-4o, shown examples, judged so:

no_ir      no passages; answered from memory with `--graph closed_book`
qlang      passages in the question's language
qlang_en   in that and in English
en         in English
rel_langs  in the languages of all claimants, and in English
swap       in the language of another claimant, the next in the data's order (the paper's `ablate_swap`)

A question without a passage in a setting is left out of it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

from pydantic import AliasChoices, BaseModel, Field

from xagent.errors import InputError
from xagent.evaluation.borderlines import TABLE, Query, countries, questions, several, spoken
from xagent.evaluation.bordirlines import SETTINGS, all_hits, passages_of, root_of
from xagent.evaluation.records import Record
from xagent.evaluation.rows import rows, whole
from xagent.evaluation.samples import Document, Sample, Suite
from xagent.evaluation.scorers.abstention import abstains_wrongly
from xagent.evaluation.scorers.concurrence import (
    CONCURRENCE,
    CONTROL,
    UNKNOWN,
    concurrence_figures,
    inclusion_and_citation,
)
from xagent.evaluation.scorers.correctness import correct
from xagent.evaluation.scorers.grounding import grounded
from xagent.languages import language

# fmt: off
_LANGUAGES = (
    "ar", "az", "bn", "bs", "da", "el", "en", "es", "fa", "fr", "he", "hi", "hr", "ht", "hy", "id",
    "is", "it", "ja", "ka", "km", "ko", "ky", "lo", "mg", "mn", "ms", "my", "ne", "nl", "pt", "ru",
    "sl", "sn", "so", "sq", "sr", "sw", "tg", "th", "ti", "tl", "tr", "uk", "ur", "uz", "vi", "zh",
)
# fmt: on
_MARKS = " \t\xa0?？;؟՞።。.,、"
_LETTER = re.compile(r"(?<!\w)[A-H]\)\s*")


class QueryRow(BaseModel):
    """A line of `queries.tsv`; some versions of it say less than others."""

    id: str = Field(alias="query_id")
    text: str = Field(alias="query_text")
    territory: str
    language: str = Field("", validation_alias=AliasChoices("language", "lang", "query_lang"))
    claimants: str = Field("", validation_alias=AliasChoices("Claimants", "claimants"))
    controller: str = Field("", validation_alias=AliasChoices("Controller", "controller"))


def load(data: Path, setting: str) -> Iterator[Sample]:
    """The questions of a setting, in the order of the data."""
    queries = _queries(data)
    found = {} if setting == "no_ir" else passages_of(data, queries, setting)
    for query in queries:
        documents = tuple(hit.document for hit in found.get(query.id, ()))
        if documents or setting == "no_ir":
            yield _sample(query, setting, documents)


def corpus(data: Path, setting: str) -> Iterator[Document]:
    """The passages that a setting's questions are asked over, each once."""
    if setting == "no_ir":
        return
    path = root_of(data) / "all_docs.json"
    texts = whole(path, dict[str, dict[str, str]])
    found = passages_of(data, _queries(data), setting)
    hits = {hit.document: hit for listed in found.values() for hit in listed}
    for name, hit in hits.items():
        text = texts.get(hit.doc_lang, {}).get(hit.doc_id)
        if text is None:
            raise InputError(
                f"{path} has no {hit.doc_id} in {hit.doc_lang}, which was found for {hit.query_id}"
            )
        yield Document(id=name, text=text, language=_code(hit.doc_lang))


def _sample(query: Query, setting: str, documents: tuple[str, ...]) -> Sample:
    right = query.claimants.index(query.controller) if query.controller in query.claimants else None
    return Sample(
        id=f"{setting}/{query.id}",
        question=query.text,
        language=_code(query.language),
        answers=() if right is None else (query.options[right],),
        group=query.territory,
        setting=setting,
        documents=documents,
        options=query.options,
        facts={
            "territory": query.territory,
            "controller": query.controller,
            "claimants": ";".join(query.claimants),
            "controller_languages": ";".join(query.controller_languages),
            "claimant_languages": ";".join(query.claimant_languages),
            "prompt_language": query.language,
        },
    )


def _code(code: str) -> str:
    """xagent's code of a language: the data writes Chinese as zhs and zht, and Hebrew as iw."""
    return {CONTROL: "en", "zhs": "zh", "zht": "zh"}.get(code) or language(code).code


def _queries(data: Path) -> list[Query]:
    known = list(questions(data)) if (data / TABLE).is_file() else []
    if (root_of(data) / "queries.tsv").is_file():
        return list(_with_passages(data, {(one.territory, one.language): one for one in known}))
    if known:
        return known
    raise InputError(f"{data} has no {TABLE} and no data/queries.tsv; name a folder with either")


def _with_passages(data: Path, known: Mapping[tuple[str, str], Query]) -> Iterator[Query]:
    """The questions by the ids that their passages go by, with what BorderLines knows of them."""
    listed = _listed(root_of(data))
    options = _options(listed)
    english = {row.territory: options[row.id] for row in listed if row.language == CONTROL}
    asked_in = _asked_in(root_of(data), listed)
    languages = countries(data)
    for row in listed:
        if one := known.get((row.territory, row.language)):
            yield replace(one, id=row.id)
            continue
        claimants = several(row.claimants) or english.get(row.territory, options[row.id])
        yield Query(
            id=row.id,
            text=row.text,
            language=row.language,
            territory=row.territory,
            claimants=claimants,
            options=options[row.id] if len(options[row.id]) == len(claimants) else claimants,
            controller=row.controller or UNKNOWN,
            claimant_languages=tuple(asked_in[row.territory]),
            controller_languages=spoken(languages, [row.controller]),
        )


def _listed(root: Path) -> list[QueryRow]:
    """The lines of `queries.tsv`, one a territory and language, which the folder of its passages may name."""
    read = list(rows(root / "queries.tsv", QueryRow))
    if not all(row.language for row in read):
        folders = {hit.query_id: code for code, hit in all_hits(root, "*/qlang")}
        read = [row.model_copy(update={"language": row.language or folders.get(row.id, "")}) for row in read]
    listed: dict[tuple[str, str], QueryRow] = {}
    for row in read:
        if not row.language:
            raise InputError(f"{root / 'queries.tsv'} does not say in which language {row.id} is")
        code = CONTROL if row.language == "en" else row.language
        listed.setdefault((row.territory, code), row.model_copy(update={"language": code}))
    return list(listed.values())


def _asked_in(root: Path, listed: Iterable[QueryRow]) -> Mapping[str, list[str]]:
    """The languages that each territory is asked about in; English, where the folder `en` has it."""
    english = {hit.query_id for code, hit in all_hits(root, "*/qlang") if code == "en"}
    asked: defaultdict[str, list[str]] = defaultdict(list)
    for row in listed:
        if row.language != CONTROL or row.id in english:
            asked[row.territory].append("en" if row.language == CONTROL else row.language)
    return asked


def _options(listed: Sequence[QueryRow]) -> dict[str, tuple[str, ...]]:
    """What each question has behind its letters, by its id, without the words that its language adds."""
    options: dict[str, tuple[str, ...]] = {}
    for code in {row.language for row in listed}:
        cut = {row.id: _LETTER.split(row.text)[1:] for row in listed if row.language == code}
        joint = _shared_end([part for parts in cut.values() for part in parts[:-1]])
        close = _shared_end([parts[-1] for parts in cut.values() if parts])
        for name, parts in cut.items():
            ends = [joint] * (len(parts) - 1) + [close]
            bare = (part.removesuffix(end) for part, end in zip(parts, ends, strict=bool(parts)))
            options[name] = tuple(part.strip(_MARKS) for part in bare)
    return options


def _shared_end(parts: Sequence[str]) -> str:
    """The last words of all parts, as far as they are the same; of one part nothing, nor its first word."""
    if len(set(parts)) < 2:
        return ""
    columns = zip(*(part.split(" ")[:0:-1] for part in parts), strict=False)
    shared = [words[0] for words in takewhile(lambda words: len(set(words)) == 1, columns)]
    return "".join(f" {word}" for word in reversed(shared))


def figures(records: Sequence[Record]) -> dict[str, float]:
    """The concurrence scores, and what languages the passages shown and cited are in."""
    return {**concurrence_figures(records), **inclusion_and_citation(records)}


suite = Suite(
    name="bordirlines",
    load=load,
    corpus=corpus,
    settings=("no_ir", *SETTINGS),
    scorers={"correct": correct, "grounded": grounded, "abstains_wrongly": abstains_wrongly},
    headline=("kb_cs", "control_cs", "delta_cs", "consistency_cs", "no_option"),
    figures=figures,
    figure_names=CONCURRENCE,
    languages=_LANGUAGES,
)
