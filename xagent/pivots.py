"""Whether a model reasons in English before it answers in another language, by the rules of pivots.toml.

Such a detour helps some languages and hurts others (arXiv 2305.07004, 2407.13522, 2507.22923): neither always
nor never is right, and both are here as baselines.
"""

import tomllib
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from xagent.errors import InputError, UnknownName
from xagent.languages import UNKNOWN, known_languages

Pivot = Literal["direct", "english"]
Level = Literal["high", "mid", "low"]
Evidence = Literal["own", "english", "other", "mixed", "none"]

POLICIES = ("direct", "english", "auto", "model")


@dataclass(frozen=True, slots=True)
class Route:
    """How to get to the answer."""

    pivot: Pivot
    because: str
    """Why, in one English sentence, for the trace; it names the finding."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a rule looks at."""

    target: str
    level: Level
    evidence: Evidence
    number: bool


class Rule(BaseModel):
    """One rule of pivots.toml; a condition that is empty or None always fits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    levels: frozenset[Level] = frozenset()
    targets: frozenset[str] = frozenset()
    evidence: frozenset[Evidence] = frozenset()
    number: bool | None = None
    pivot: Pivot
    because: str = Field(min_length=1, pattern=r"^\S[^\n]*\.$")

    @field_validator("targets")
    @classmethod
    def _known(cls, codes: frozenset[str]) -> frozenset[str]:
        return _checked(codes)

    def fits(self, case: Case) -> bool:
        """Whether all its conditions hold."""
        return (
            (not self.levels or case.level in self.levels)
            and (not self.targets or case.target in self.targets)
            and (not self.evidence or case.evidence in self.evidence)
            and self.number in (None, case.number)
        )


class Pivots(BaseModel):
    """What pivots.toml says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mostly: float = Field(gt=0.5, le=1)
    """The share of the passages, over a half, from which on they are mostly in a language."""
    resources: dict[Level, frozenset[str]]
    """The languages of each level, by code; all others are low."""
    rule: tuple[Rule, ...] = Field(min_length=1)
    """In the order in which they are tried."""

    @field_validator("resources")
    @classmethod
    def _one_level_each(cls, resources: dict[Level, frozenset[str]]) -> dict[Level, frozenset[str]]:
        counted = Counter(code for codes in resources.values() for code in _checked(codes))
        twice = sorted(code for code, times in counted.items() if times > 1)
        if twice:
            raise ValueError(f"in two levels: {', '.join(twice)}")
        return resources

    @model_validator(mode="after")
    def _every_rule_decides(self) -> Self:
        if self.rule[-1].model_dump(exclude_defaults=True).keys() != {"pivot", "because"}:
            raise ValueError("the last rule has a condition, so that some cases have no rule")
        deciding = {id(self.decide(case)) for case in self.cases()}
        idle = [str(n) for n, rule in enumerate(self.rule, 1) if id(rule) not in deciding]
        if idle:
            raise ValueError(f"never decides, for what is before it: rule {', '.join(idle)}")
        return self

    def level(self, code: str) -> Level:
        """How well resourced a language is."""
        return next((level for level, codes in self.resources.items() if code in codes), "low")

    def cases(self) -> Iterator[Case]:
        """Every case there can be, with one code for all the languages that the file does not name."""
        named = frozenset[str]().union(*self.resources.values(), *(rule.targets for rule in self.rule))
        for code, evidence, number in product(("", *sorted(named)), get_args(Evidence), (False, True)):
            if (code, evidence) not in (("en", "english"), (UNKNOWN, "own")):
                yield Case(code, self.level(code), evidence, number)

    def decide(self, case: Case) -> Rule:
        """The first rule that fits."""
        return next(rule for rule in self.rule if rule.fits(case))

    def case(self, target: str, evidence: Collection[str], number: bool) -> Case:
        """What the rules look at; `evidence` has the language of each passage, 'und' where it is unknown."""
        code = _base(target)
        return Case(code, self.level(code), self._kind(code, evidence), number)

    def _kind(self, target: str, evidence: Collection[str]) -> Evidence:
        counted = Counter(code for code in map(_base, evidence) if code != UNKNOWN)
        if not counted:
            return "none"
        code, times = counted.most_common(1)[0]
        if times / counted.total() < self.mostly:
            return "mixed"
        if code == target:
            return "own"
        return "english" if code == "en" else "other"


def choose(
    policy: str, target: str, evidence: Collection[str], number: bool, table: Pivots | None = None
) -> Route:
    """How to answer in the language `target`.

    `policy` is one of POLICIES; 'auto' asks the rules of `table`, else those of pivots.toml, and so does
    'model', for where the model has no say (`xagent.nodes.pivot` asks it). `evidence` has
    the language of each passage, `number` tells whether a number, date, amount or count is asked for.
    Raises UnknownName, which lists the policies there are.
    """
    if policy in ("auto", "model"):
        rules = pivots() if table is None else table
        rule = rules.decide(rules.case(target, evidence, number))
        return Route(rule.pivot, rule.because)
    if policy == "direct":
        return Route("direct", "The policy is to answer directly, in every language.")
    if policy == "english":
        return Route("english", "The policy is to reason in English first, for every language.")
    raise UnknownName(f"no pivot policy is called {policy!r}; there are: {', '.join(POLICIES)}")


@cache
def pivots() -> Pivots:
    """The rules of pivots.toml, read once."""
    return parsed(files("xagent").joinpath("pivots.toml").read_text(encoding="utf-8"))


def parsed(text: str, name: str = "pivots.toml") -> Pivots:
    """The rules in a text laid out as pivots.toml is.

    Raises InputError, which says what to mend in the file `name`.
    """
    try:
        return Pivots.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{name} is not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        # Rules are counted from 1, as people count them.
        place = ".".join(str(part + 1 if isinstance(part, int) else part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise InputError(": ".join(filter(None, (name, place, said)))) from error


def _base(code: str) -> str:
    """'zh' of 'zh-Hant': neither script nor region changes which rule is right."""
    return code.replace("_", "-").partition("-")[0].lower() or UNKNOWN


def _checked(codes: frozenset[str]) -> frozenset[str]:
    strange = sorted(codes - {known.code for known in known_languages()} - {UNKNOWN})
    if strange:
        raise ValueError(
            f"no language has the code {', '.join(strange)}; `xagent languages --all` lists them"
        )
    return codes
