"""Accuracy, speed and calibration of language detection.

Data: the accuracy test files of lingua (github.com/pemistahl/lingua-py, 75 languages, one text a line, in
`sentences/` and `word-pairs/`) and the questions of XQuAD (Artetxe et al. 2020, 12 languages). No candidates
are given: every language xagent knows is open. Accuracy is the share right of each language, then the mean of
these. Speed is texts a second of processor time, on one core.

    python benchmarks/languages.py --data lingua-testdata --xquad xquad

The last line is JSON, as in

    {"sentences_macro": 0.9553, "word_pairs_macro": 0.8078, "texts_per_second": 5196.218, ...}
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

from xagent.languages import Detection, detect

Labelled = list[tuple[str, str]]
Judged = list[tuple[str, Detection]]


def texts(folder: Path) -> Labelled:
    """(language, text) of each line of the files named by language."""
    return [
        (path.stem, line)
        for path in sorted(folder.glob("*.txt"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]


def questions(folder: Path) -> Labelled:
    """(language, question) of each question of XQuAD."""
    return [
        (path.name.split(".")[1], text)
        for path in sorted(folder.glob("xquad.*.json"))
        for text in _asked(path)
    ]


def _asked(path: Path) -> Iterator[str]:
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            yield from (qa["question"] for qa in paragraph["qas"])


def accuracy(judged: Judged) -> dict[str, float]:
    """The share right of each language."""
    right: dict[str, list[bool]] = {}
    for code, found in judged:
        right.setdefault(code, []).append(found.code == code)
    return {code: sum(answers) / len(answers) for code, answers in right.items()}


def share_right(judged: Judged, above: float) -> float:
    """The share right among the detections whose confidence is over `above`."""
    sure = [code == found.code for code, found in judged if found.confidence > above]
    return sum(sure) / len(sure) if sure else 0.0


def calibration_error(judged: Judged) -> float:
    """Expected calibration error in ten bins (Guo et al. 2017)."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for code, found in judged:
        bins.setdefault(min(int(found.confidence * 10), 9), []).append((found.confidence, code == found.code))
    return sum(abs(sum(c for c, _ in rows) - sum(r for _, r in rows)) for rows in bins.values()) / len(judged)


def _report(name: str, judged: Judged, worst: int) -> float:
    by_language = accuracy(judged)
    macro = sum(by_language.values()) / len(by_language)
    print(f"{name:<12} macro {macro:.4f}   over {len(by_language)} languages, {len(judged)} texts")
    for code, share in sorted(by_language.items(), key=lambda pair: pair[1])[:worst]:
        taken = [found.code for gold, found in judged if gold == code and found.code != code]
        common = sorted(set(taken), key=taken.count, reverse=True)[:4]
        print(f"    {code:<4} {share:.3f}   taken for " + ", ".join(f"{c} {taken.count(c)}" for c in common))
    return macro


def _judge(labelled: Labelled, using: str) -> tuple[Judged, float]:
    detect("Load the models before the clock starts.", using=using)
    started = time.process_time()
    judged = [(code, detect(text, using=using)) for code, text in labelled]
    return judged, time.process_time() - started


def main() -> None:
    """Print a table, and one line of JSON last."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="lingua's test files: sentences/, word-pairs/"
    )
    parser.add_argument("--xquad", type=Path, help="folder of xquad.*.json")
    parser.add_argument("--detector", choices=("core", "lingua"), default="core")
    parser.add_argument("--worst", type=int, default=15, help="how many languages to show")
    asked = parser.parse_args()
    sentences, slow = _judge(texts(asked.data / "sentences"), asked.detector)
    pairs, slower = _judge(texts(asked.data / "word-pairs"), asked.detector)
    figures = {
        "sentences_macro": _report("sentences", sentences, asked.worst),
        "word_pairs_macro": _report("word pairs", pairs, asked.worst),
        "texts_per_second": (len(sentences) + len(pairs)) / (slow + slower),
        "right_above_0.5": share_right(sentences + pairs, 0.5),
        "right_above_0.9": share_right(sentences + pairs, 0.9),
        "calibration_error": calibration_error(sentences + pairs),
    }
    if asked.xquad:
        judged, _ = _judge(questions(asked.xquad), asked.detector)
        _report("XQuAD", judged, 12)
        figures["xquad_worst"] = min(accuracy(judged).values())
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
