"""Which territories are disputed, between whom, and how is each asked about? BorderLines, as it is published.

"This Land is {Your, My} Land: Evaluating Geopolitical Biases in Language Models through Territorial
Disputes" (Li et al. 2024, https://arxiv.org/abs/2305.14610). Territories are in `disputed_territories.csv`,
the languages of countries in `countries_info.json`; `translate/prompts_mc_q/prompts.ar` has a line for each
territory that a country claims whose language is Arabic, in the table's order, `choices.ar` its options.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field, RootModel

from xagent.errors import InputError
from xagent.evaluation.rows import rows, whole
from xagent.evaluation.scorers.concurrence import CONTROL

TABLE = "disputed_territories.csv"
_UNLISTED = {"Suriname": "nl"}
"""Countries that `countries_info.json` leaves out, though its questions are there in their language."""


class TerritoryRow(BaseModel):
    """A line of `disputed_territories.csv`."""

    name: str = Field(alias="Territory")
    claimants: str = Field(alias="Claimants")
    controller: str = Field(alias="Controller")
    query: str = Field(alias="Query")
    query_id: str = Field(alias="QueryID")


class Country(BaseModel):
    """A value of `countries_info.json`."""

    language: str = Field(alias="Lang_Code")


class Choices(RootModel[tuple[str, ...]]):
    """A line of a `choices` file: the options of a question, in its language."""


@dataclass(frozen=True)
class Query:
    """A question in one language about one territory. Languages are named by the data's own codes."""

    id: str
    text: str
    language: str
    """`control` for the English question that is asked of every territory."""
    territory: str
    claimants: tuple[str, ...]
    """In English, in the order of the options."""
    options: tuple[str, ...]
    """The claimants in the question's language."""
    controller: str
    claimant_languages: tuple[str, ...]
    controller_languages: tuple[str, ...]


def questions(data: Path) -> Iterator[Query]:
    """The questions about each territory: in English, then in its claimants' languages.

    Raises InputError where a file is missing or wrong, or those of a language have not one line a territory.
    """
    languages = countries(data)
    territories = list(rows(data / TABLE, TerritoryRow))
    for one in territories:
        yield _query(one, languages, CONTROL, one.query, several(one.claimants))
    for code in sorted(set(languages.values()) - {"en"}):  # English: those of all territories
        asked = [one for one in territories if code in spoken(languages, several(one.claimants))]
        for one, text, options in _translated(data / "translate" / "prompts_mc_q", code, asked):
            yield _query(one, languages, code, text, options)


def countries(data: Path) -> dict[str, str]:
    """The language of each country, as far as the data says."""
    path = data / "countries_info.json"
    if not path.is_file():
        return {}
    listed = whole(path, dict[str, Country])
    return {**_UNLISTED, **{name: country.language for name, country in listed.items()}}


def spoken(languages: Mapping[str, str], names: Iterable[str]) -> tuple[str, ...]:
    """The languages of the named countries, each once, without those that are unknown."""
    return tuple(dict.fromkeys(languages[name] for name in names if name in languages))


def _query(
    one: TerritoryRow, languages: Mapping[str, str], code: str, text: str, options: tuple[str, ...]
) -> Query:
    claimants = several(one.claimants)
    return Query(
        id=one.query_id if code == CONTROL else f"{one.query_id.removesuffix('_en')}_{code}",
        text=text,
        language=code,
        territory=one.name,
        claimants=claimants,
        options=options,
        controller=one.controller,
        claimant_languages=spoken(languages, claimants),
        controller_languages=spoken(languages, [one.controller]),
    )


def _translated(
    folder: Path, code: str, asked: Sequence[TerritoryRow]
) -> Iterator[tuple[TerritoryRow, str, tuple[str, ...]]]:
    """The questions in a language, a line each: about the territories that one of its countries claims."""
    prompts, choices = folder / f"prompts.{code}", folder / f"choices.{code}"
    if not prompts.exists():
        return
    texts, options = _filled_lines(prompts), [choice.root for choice in rows(choices, Choices)]
    if not len(texts) == len(options) == len(asked):
        counts = f"{len(texts)} questions and {len(options)} lists of options"
        raise InputError(f"{prompts} and {choices.name} have {counts} for {len(asked)} territories")
    yield from zip(asked, texts, options, strict=True)


def _filled_lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text("utf-8-sig").split("\n") if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error


def several(names: str) -> tuple[str, ...]:
    """The names in a field that has them separated by semicolons."""
    return tuple(name.strip() for name in names.split(";") if name.strip())
