"""Do the scorers give the figures that were published? They are put to what models said, years ago.

    python benchmarks/scorers.py [--nomiracl FOLDER] [--language-confusion FOLDER [--words FILE]]
                                 [--borderlines FOLDER]

NoMIRACL's released outputs are counted again, by our strict match beside the parser of its own program. The
Language Confusion Benchmark's released responses are judged again, beside a literal implementation of its
program: with the dictionary of English that `--words` names (the benchmark's is web2, as in the package
english-words) and with jieba and fugashi (`pip install jieba fugashi unidic-lite`). BorderLines' scores are
taken of random answers to its real territories, beside a literal implementation. Of character 3-gram recall
there are examples worked by hand. The last line is JSON: each figure as `ours` and `theirs`.
"""

import argparse
import csv
import gzip
import importlib
import json
import random
import string
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from pathlib import Path
from statistics import fmean

from xagent.detectors import detector
from xagent.evaluation.scorers import concurrence, line_pass_rate, miracl, strings

Cut = Callable[[str, str], list[str]]
Figures = dict[str, dict[str, float | None]]
# Present, unknown and invalid in per cent, counted from the outputs released with NoMIRACL.
NOMIRACL = {
    "non_relevant": {
        "gpt-4-azure": (34.1, 65.2, 0.7),
        "gpt-3.5-turbo-azure": (55.8, 43.6, 0.6),
        "Mixtral-8x7B-Instruct-v0.1": (14.9, 77.0, 8.1),
        "Mistral-7B-Instruct-v0.2": (9.0, 88.2, 2.8),
        "llama-2-70b-chat": (91.4, 0.1, 8.6),
        "Orca-2-13b": (71.2, 12.0, 16.8),
        "aya-101": (42.5, 19.1, 38.4),
    },
    "relevant": {
        "gpt-4-azure": (84.2, 15.4, 0.4),
        "gpt-3.5-turbo-azure": (86.6, 9.6, 3.8),
        "Mixtral-8x7B-Instruct-v0.1": (59.2, 33.9, 6.8),
        "Mistral-7B-Instruct-v0.2": (24.7, 71.0, 4.2),
        "llama-2-70b-chat": (92.1, 0.0, 7.9),
        "Orca-2-13b": (78.9, 9.0, 12.1),
        "aya-101": (39.4, 8.7, 51.9),
    },
}
# The paper's own, in per cent (Marchisio et al. 2024); its detector is the larger lid.176.bin.
PUBLISHED_LPR = {"llama-3-instruct crosslingual": 30.3}
# Worked by hand: what was said, a gold answer, and the share of its 3-grams that are there.
THREE_GRAMS = (
    ("It stands in Tanzania.", "Tanzania", 1.0),
    ("Tanzanie", "Tanzania", 5 / 6),  # of tan anz nza zan ani nia the last is missing
    ("في تنزانيا", "تنزانيا", 1.0),
    ("le Rhin", "the Rhine", 2 / 3),  # of rhi hin ine the first two; the article does not count
    ("42", "42 km", 1 / 2),  # words of two letters are kept whole
    ("ทานซาเนีย", "ทานซาเนีย", 1.0),
    ("日本", "日本", 1.0),
)


def outputs(folder: Path, subset: str) -> dict[str, dict[str, list[str]]]:
    """By model and language, what NoMIRACL's models said."""
    said: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted((folder / subset).glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                for model, output in json.loads(line)["results"].items():
                    said[model][path.name.partition(".")[0]].append(output)
    return {model: dict(by_language) for model, by_language in said.items()}


def their_parser(output: str) -> str:
    """What an output says by the rules of NoMIRACL's program, which go further than the two phrases."""
    folded = output.replace("\n", " ").replace("\t", " ").lower()
    present, unknown = folded.count(miracl.PRESENT), folded.count(miracl.UNKNOWN)
    if present and unknown:
        return "present" if present > 1 else "invalid"
    if present or unknown:
        return "present" if present else "unknown"
    if "answer is present" in folded:
        return "present"
    if "answer is not present" in folded:
        return "unknown"
    cited = any(f"[{n}]" in folded for n in range(1_000))
    return "present" if cited and len(folded) < 10 else "invalid"


def nomiracl(folder: Path) -> Figures:
    """Present, unknown and invalid, by subset and model."""
    figures: Figures = {}
    print("\nNoMIRACL, per cent, mean over languages: present / unknown / invalid")
    for subset, published in NOMIRACL.items():
        for model, said in sorted(outputs(folder, subset).items()):
            ours = miracl.rates(said)
            parsed = [[their_parser(one) for one in listed] for listed in said.values()]
            row = []
            for n, kind in enumerate(("present", "unknown", "invalid")):
                value = 100 * getattr(ours, kind)
                theirs = published[model][n] if model in published else None
                by_parser = 100 * fmean(listed.count(kind) / len(listed) for listed in parsed)
                figures[f"nomiracl {subset} {model} {kind}"] = {"ours": round(value, 1), "theirs": theirs}
                row.append(f"{value:5.1f} ({'' if theirs is None else theirs:>4}; {by_parser:5.1f})")
            print(f"  {subset:12} {model:27} {' / '.join(row)}  {len(said)} languages")
    print("  in brackets: as counted before; by the parser of NoMIRACL's program")
    return figures


def responses(folder: Path) -> dict[str, list[line_pass_rate.Completion]]:
    """By model and task, what the Language Confusion Benchmark's models said."""
    said: defaultdict[str, list[line_pass_rate.Completion]] = defaultdict(list)
    for path in sorted((folder / "outputs").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                one = line_pass_rate.Completion(row["completion"], row["language"], row["source"])
                said[f"{row['model']} {row['task']}"].append(one)
    return dict(said)


def their_words() -> Cut | None:
    """The benchmark's tokenisers; None where they are not installed."""
    try:
        jieba, fugashi = importlib.import_module("jieba"), importlib.import_module("fugashi")
    except ImportError:
        return None
    jieba.setLogLevel("ERROR")
    tagger = fugashi.Tagger("-O wakati -b 50000")

    def cut(line: str, language: str) -> list[str]:
        if language == "zh":
            return list(jieba.cut(line))
        return list(tagger.parse(line).split()) if language == "ja" else line.split()

    return cut


def judged(text: str, language: str, cut: Cut, english: frozenset[str]) -> tuple[bool, bool] | None:
    """Whether a response has an error by line, and by word, as the benchmark's program has it."""
    plain = text.split("\nQ:", maxsplit=1)[0].strip().translate(str.maketrans("", "", string.punctuation))
    plain = plain.replace("—", " ").replace("،", "")
    lines = [line for line in plain.split("\n") if len(cut(line, language)) >= 5]
    if not lines:
        return None
    by_line = any(label(line) != language for line in lines)
    by_word = any(word.strip() in english for line in lines for word in cut(line, language))
    return by_line, by_word


def label(line: str) -> str:
    """fastText's, if it is surer than 0.3."""
    heard = detector("fasttext")(line, 2) if line.strip() else {"": 0.0}
    name = max(heard, key=lambda code: heard[code])
    return name if heard[name] > 0.3 else "unknown"


def their_rates(
    said: Iterable[line_pass_rate.Completion], cut: Cut, english: frozenset[str]
) -> dict[str, float]:
    """`lpr`, `wpr` and `lcpr`, written from the benchmark's program alone."""
    groups: defaultdict[tuple[str, str], list[tuple[bool, bool]]] = defaultdict(list)
    for one in said:
        verdict = judged(one.text, one.language, cut, english)
        groups[one.language, one.source] += [verdict] if verdict else []
    by_line: defaultdict[str, list[float]] = defaultdict(list)
    by_word: defaultdict[str, list[float]] = defaultdict(list)
    for (language, _), verdicts in groups.items():
        clean = [word for line, word in verdicts if not line]
        by_line[language].append(1 - (len(verdicts) - len(clean)) / max(1, len(verdicts)))
        if language in ("ar", "hi", "ja", "ko", "ru", "zh"):
            by_word[language].append(1 - sum(clean) / max(1, len(clean)))
    lpr, wpr = (fmean(map(fmean, rates.values())) for rates in (by_line, by_word))
    return {"lpr": lpr, "wpr": wpr, "lcpr": 2 * lpr * wpr / (lpr + wpr)}


def language_confusion(folder: Path, words: Path | None) -> Figures:
    """LPR, WPR and LCPR by model and task."""
    figures: Figures = {}
    cut = their_words()
    listed = words.read_text("utf-8").split("\n") if words else []
    english = frozenset(word.strip() for word in listed if word.islower() and len(word.strip()) > 3)
    print("\nLanguage Confusion Benchmark, per cent, ours (theirs)")
    if not (cut and english):
        print("  theirs need --words and: pip install jieba fugashi unidic-lite")
    for name, said in responses(folder).items():
        rates = line_pass_rate.pass_rates(said)
        theirs = their_rates(said, cut, english) if cut and english else {}
        for figure in ("lpr", "wpr", "lcpr"):
            other = round(100 * theirs[figure], 1) if theirs else None
            ours = round(100 * getattr(rates, figure), 1)
            figures[f"language_confusion {name} {figure}"] = {"ours": ours, "theirs": other}
            print(f"  {name:30} {figure:4} {ours:5.1f} ({other})")
        if name in PUBLISHED_LPR:
            ours = round(100 * rates.lpr, 1)
            theirs = {"lpr": PUBLISHED_LPR[name]}
            figures[f"language_confusion {name} lpr, published"] = {"ours": ours, "theirs": theirs["lpr"]}
            print(f"  {name:30} lpr  {ours:5.1f} ({theirs['lpr']} in the paper)")
    return figures


def territories(folder: Path, seed: int) -> Iterator[concurrence.Territory]:
    """BorderLines' territories, as if each question had been answered at random."""
    countries = json.loads((folder / "countries_info.json").read_text("utf-8"))
    spoken = {name: country["Lang_Code"] for name, country in countries.items()}
    drawn = random.Random(seed)
    with (folder / "disputed_territories.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            claimants = row["Claimants"].split(";")
            languages = sorted({spoken[name] for name in claimants if name in spoken})
            control = drawn.choice(claimants)
            answers = {code: control if code == "en" else drawn.choice(claimants) for code in languages}
            controllers = frozenset({spoken[row["Controller"]]} if row["Controller"] in spoken else ())
            yield concurrence.Territory(row["Controller"], controllers, control, answers)


def their_concurrence(rows: Iterable[concurrence.Territory]) -> dict[str, float]:
    """The scores by loops over territories and answers, as `calculate_CS.py` takes them."""
    kb, control, others, pairs, unknown_pairs = [], [], [], [], []
    for row in rows:
        known = row.controller != "Unknown"
        away = []
        for language, claimant in row.answers.items():
            if known and language in row.controller_languages:
                control.append(claimant == row.controller)
            elif known:
                away.append(claimant == row.controller)
        kb += [row.control == row.controller] if known else []
        others += [fmean(away)] if away else []
        same = [a == b for a, b in combinations(row.answers.values(), 2)]
        pairs += [fmean(same)] if same else []
        unknown_pairs += [fmean(same)] if same and not known else []
    difference = fmean(control) - fmean(others)
    return {
        "kb_cs": fmean(kb),
        "control_cs": fmean(control),
        "non_control_cs": fmean(others),
        "delta_cs": difference / fmean(others),
        "delta_cs_unnormalised": difference,
        "consistency_cs": fmean(pairs),
        "consistency_cs_unknown": fmean(unknown_pairs),
    }


def borderlines(folder: Path, seeds: int = 50) -> Figures:
    """Each score, the mean over random answers."""
    ours = [concurrence.concurrence(territories(folder, seed)) for seed in range(seeds)]
    theirs = [their_concurrence(territories(folder, seed)) for seed in range(seeds)]
    print(f"\nBorderLines, random answers {seeds} times, per cent, ours (theirs)")
    figures: Figures = {}
    for name in theirs[0]:
        pair = [round(100 * fmean(run[name] for run in runs), 2) for runs in (ours, theirs)]
        figures[f"borderlines random {name}"] = {"ours": pair[0], "theirs": pair[1]}
        print(f"  {name:24} {pair[0]:6.2f} ({pair[1]})")
    return figures


def three_grams() -> Figures:
    """Character 3-gram recall of the examples."""
    print("\nCharacter 3-gram recall, ours (by hand)")
    figures: Figures = {}
    for said, gold, by_hand in THREE_GRAMS:
        ours, theirs = round(strings.three_gram_recall(said, [gold]), 4), round(by_hand, 4)
        figures[f"char3 {said} | {gold}"] = {"ours": ours, "theirs": theirs}
        print(f"  {said} | {gold}: {ours} ({theirs})")
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nomiracl", type=Path, help="folder of NoMIRACL's released outputs")
    parser.add_argument("--language-confusion", type=Path, help="folder of the benchmark, with outputs/")
    parser.add_argument("--borderlines", type=Path, help="folder of disputed_territories.csv")
    parser.add_argument("--words", type=Path, help="a dictionary of English, one word a line")
    options = parser.parse_args()
    figures = three_grams()
    if options.nomiracl:
        figures |= nomiracl(options.nomiracl)
    if options.language_confusion:
        figures |= language_confusion(options.language_confusion, options.words)
    if options.borderlines:
        figures |= borderlines(options.borderlines)
    print(json.dumps(figures, ensure_ascii=False))


if __name__ == "__main__":
    main()
