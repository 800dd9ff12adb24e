"""Countries, languages, currencies and cities as the Unicode CLDR has them, by way of Babel."""

from collections.abc import Iterable, Mapping
from functools import cache

from babel import Locale
from babel.core import UnknownLocaleError

_KINDS = ("country", "language", "currency", "city")


def is_name(concept: str) -> bool:
    """Whether a concept is one of these, such as `country DE`."""
    return concept.partition(" ")[0] in _KINDS and not concept.endswith((" n", " a"))


@cache
def names(language: str) -> Mapping[str, str]:
    """What each is called in a language; nothing where CLDR lacks it."""
    try:
        locale = Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return {}
    cities = ((zone, known.get("city")) for zone, known in locale.time_zones.items())
    return {
        **_named("country", locale.territories.items()),
        **_named("language", locale.languages.items()),
        **_named("currency", locale.currencies.items()),
        **{f"city {zone}": city for zone, city in cities if city},
    }


def _named(kind: str, listed: Iterable[tuple[str, str]]) -> dict[str, str]:
    # Where there is no name CLDR has the code; 150 and its kin are regions, en_US and its kin dialects.
    return {f"{kind} {code}": name for code, name in listed if name != code and code.isalpha()}
