"""In which languages is evidence looked for? The settings of BordIRlines by name, resolved for each question.

BordIRlines (Li et al. 2024, arXiv 2410.01171) compares documents in the question's language, in English, in
both, in all languages concerned, and, as an ablation called swap, in another one than the question's. There
it is the next one on a list of claimants' languages; a store has no such list, so that here `swap` is every
language but the question's.
"""

import re
from collections.abc import Collection, Iterable, Sequence

from xagent.errors import UnknownLanguage
from xagent.languages import language

ALL, QUESTION, SWAP = "all", "question", "swap"


def evidence_setting(chosen: str | Collection[str]) -> tuple[str, ...]:
    """What was chosen as codes of languages, `question` or `swap`; empty for all.

    `chosen` is the name of a setting, or languages by code or name and `question`, in a list or joined by
    commas or `+`. Raises UnknownLanguage for anything else.
    """
    parts = re.split("[,+]", chosen) if isinstance(chosen, str) else chosen
    names = [part.strip() for part in parts if part.strip()]
    if len(names) == 1 and names[0].casefold() in (ALL, SWAP):
        return () if names[0].casefold() == ALL else (SWAP,)
    return tuple(dict.fromkeys(map(_code, names)))


def _code(name: str) -> str:
    folded = name.casefold()
    if folded in (ALL, SWAP):
        raise UnknownLanguage(f"{folded!r} stands alone: it cannot be joined with languages")
    if folded == QUESTION:
        return QUESTION
    try:
        return language(name).code
    except UnknownLanguage as error:
        raise UnknownLanguage(f"{error} Or choose all, question, question+english or swap.") from error


def languages_searched(setting: Sequence[str], question: str, there: Iterable[str]) -> tuple[str, ...]:
    """Which of the store's languages, `there`, to search for a question in language `question`; maybe none.

    Raises UnknownLanguage.
    """
    chosen = evidence_setting(setting)  # as a form has it, where nobody has checked it
    if not chosen:
        return tuple(there)
    if chosen == (SWAP,):
        return tuple(code for code in there if code != question)
    wanted = {question if code == QUESTION else code for code in chosen}
    return tuple(code for code in there if code in wanted)
