"""Belebele: a reading test of four choices in 122 languages and scripts (Bandarkar et al. 2024).

"The Belebele Benchmark", https://arxiv.org/abs/2308.16884: 900 questions on 488 passages of FLORES-200, the
same in every language. The data is `facebook/belebele` on the hub, under CC BY-SA 4.0, for evaluation only.
`--data` names the dataset on the hub, or a folder with files like `deu_Latn.jsonl`, in it or in its `data`. A
row:

    {"link": "https://en.wikibooks.org/...", "question_number": 1, "flores_passage": "...", "question": "...",
     "mc_answer1": "...", "mc_answer2": "...", "mc_answer3": "...", "mc_answer4": "...",
     "correct_answer_num": "2", "dialect": "deu_Latn", "ds": "2023-05-03"}

Each question is asked over its passage alone. Settings:

same               passage, question and choices in one language, as in the paper
english_passages   questions and choices in each language, passages in English
english_questions  questions and choices in English, passages in each language
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from xagent.errors import InputError, UnknownLanguage
from xagent.evaluation.rows import content_id, rows
from xagent.evaluation.samples import Document, Sample, Suite
from xagent.evaluation.scorers.abstention import abstains_wrongly
from xagent.evaluation.scorers.choices import choice
from xagent.evaluation.scorers.consistency import CONSISTENCY, consistency
from xagent.evaluation.scorers.grounding import grounded
from xagent.evaluation.scorers.language import right_language
from xagent.languages import language

# fmt: off
_VARIETIES = (
    "acm_Arab", "afr_Latn", "als_Latn", "amh_Ethi", "apc_Arab", "arb_Arab", "arb_Latn", "ars_Arab",
    "ary_Arab", "arz_Arab", "asm_Beng", "azj_Latn", "bam_Latn", "ben_Beng", "ben_Latn", "bod_Tibt",
    "bul_Cyrl", "cat_Latn", "ceb_Latn", "ces_Latn", "ckb_Arab", "dan_Latn", "deu_Latn", "ell_Grek",
    "eng_Latn", "est_Latn", "eus_Latn", "fin_Latn", "fra_Latn", "fuv_Latn", "gaz_Latn", "grn_Latn",
    "guj_Gujr", "hat_Latn", "hau_Latn", "heb_Hebr", "hin_Deva", "hin_Latn", "hrv_Latn", "hun_Latn",
    "hye_Armn", "ibo_Latn", "ilo_Latn", "ind_Latn", "isl_Latn", "ita_Latn", "jav_Latn", "jpn_Jpan",
    "kac_Latn", "kan_Knda", "kat_Geor", "kaz_Cyrl", "kea_Latn", "khk_Cyrl", "khm_Khmr", "kin_Latn",
    "kir_Cyrl", "kor_Hang", "lao_Laoo", "lin_Latn", "lit_Latn", "lug_Latn", "luo_Latn", "lvs_Latn",
    "mal_Mlym", "mar_Deva", "mkd_Cyrl", "mlt_Latn", "mri_Latn", "mya_Mymr", "nld_Latn", "nob_Latn",
    "npi_Deva", "npi_Latn", "nso_Latn", "nya_Latn", "ory_Orya", "pan_Guru", "pbt_Arab", "pes_Arab",
    "plt_Latn", "pol_Latn", "por_Latn", "ron_Latn", "rus_Cyrl", "shn_Mymr", "sin_Latn", "sin_Sinh",
    "slk_Latn", "slv_Latn", "sna_Latn", "snd_Arab", "som_Latn", "sot_Latn", "spa_Latn", "srp_Cyrl",
    "ssw_Latn", "sun_Latn", "swe_Latn", "swh_Latn", "tam_Taml", "tel_Telu", "tgk_Cyrl", "tgl_Latn",
    "tha_Thai", "tir_Ethi", "tsn_Latn", "tso_Latn", "tur_Latn", "ukr_Cyrl", "urd_Arab", "urd_Latn",
    "uzn_Latn", "vie_Latn", "war_Latn", "wol_Latn", "xho_Latn", "yor_Latn", "zho_Hans", "zho_Hant",
    "zsm_Latn", "zul_Latn",
)
# fmt: on
_ENGLISH = "eng_Latn"
_CODES = {"acm": "ar", "apc": "ar", "ars": "ar", "pbt": "ps", "tgl": "tl"}
"""Of varieties that xagent knows by the code of their language only."""


class Row(BaseModel):
    """A line of the data."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    link: str
    question_number: str
    passage: str = Field(alias="flores_passage")
    question: str
    mc_answer1: str
    mc_answer2: str
    mc_answer3: str
    mc_answer4: str
    correct_answer_num: int = Field(ge=1, le=4)
    dialect: str

    @property
    def options(self) -> tuple[str, ...]:
        """The four choices."""
        return (self.mc_answer1, self.mc_answer2, self.mc_answer3, self.mc_answer4)

    @property
    def key(self) -> str:
        """What tells a question apart: it is the same in every language."""
        return f"{self.link}#{self.question_number}"


def load(data: Path, setting: str) -> Iterator[Sample]:
    """The questions of a setting, variety by variety."""
    for variety, row, read, asked in _parallel(data, setting):
        document, code = _name(read), _code(variety)
        yield Sample(
            id=f"{setting}/{variety}/{row.key}",
            question=asked.question,
            language=_code(asked.dialect),
            answers=(asked.options[asked.correct_answer_num - 1],),
            group=row.key,
            setting=setting,
            documents=(document,),
            relevant=(document,),
            evidence_language=_code(read.dialect),
            options=asked.options,
            stratum=variety if code in _SHARED else code,
        )


def corpus(data: Path, setting: str) -> Iterator[Document]:
    """The passages of a setting's questions, each once."""
    seen: set[str] = set()
    for _, _, read, _ in _parallel(data, setting):
        name = _name(read)
        if name not in seen:
            seen.add(name)
            yield Document(id=name, text=read.passage, language=_code(read.dialect))


def _parallel(data: Path, setting: str) -> Iterator[tuple[str, Row, Row, Row]]:
    """Each variety's rows, each with the parallel rows whose passage is read and whose question is asked."""
    english = {row.key: row for row in _rows(data, _ENGLISH)} if setting != "same" else {}
    for variety in _varieties(data):
        for row in _rows(data, variety):
            same = english.get(row.key, row)
            if setting != "same" and row.key not in english:
                raise InputError(f"{data}: {_ENGLISH} has no question {row.key}, which {variety} has")
            passage = same if setting == "english_passages" else row
            yield variety, row, passage, same if setting == "english_questions" else row


def _varieties(data: Path) -> list[str]:
    if not data.exists():
        return list(_VARIETIES)
    found = sorted(path.stem for path in _folder(data).glob("???_????.jsonl"))
    if not found:
        raise InputError(f"{data} has no file like deu_Latn.jsonl; name the folder of Belebele's files")
    return found


def _rows(data: Path, variety: str) -> Iterator[Row]:
    return rows(_folder(data), Row, f"{variety}.jsonl" if data.exists() else f"data/{variety}.jsonl")


def _folder(data: Path) -> Path:
    return data / "data" if (data / "data").is_dir() else data


def _name(row: Row) -> str:
    return f"{row.dialect}/{content_id(row.passage)}"


def _code(variety: str) -> str:
    """xagent's code of a variety's language; that of the data where xagent has no name for it."""
    code = variety.partition("_")[0]
    try:
        return language(variety).code
    except UnknownLanguage:
        return _CODES.get(code, code)


_SHARED = {code for code, count in Counter(map(_code, _VARIETIES)).items() if count > 1}
"""Codes of several varieties: one in another script, or of a language that has several."""

suite = Suite(
    name="belebele",
    load=load,
    corpus=corpus,
    settings=("same", "english_passages", "english_questions"),
    scorers={
        "choice": choice,
        "right_language": right_language,
        "grounded": grounded,
        "abstains_wrongly": abstains_wrongly,
    },
    headline=("choice", "grounded", "abstains_wrongly"),
    figures=consistency,
    figure_names=CONSISTENCY,
    languages=tuple(sorted({_code(variety) for variety in _VARIETIES})),
)
