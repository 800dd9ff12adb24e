"""Does the language check find the sentences in a wrong language, and no others?

    python benchmarks/language_check.py [--data LANGUAGE_CONFUSION_BENCHMARK] [--show]

Without data, the sentences of the sample's texts are answers of two to four sentences: right ones, right ones
with a sentence of another language put in, and ones wholly in another language. A sentence put in counts as
flagged when what is flagged is in it and nothing else is.

`--data` is the Language Confusion Benchmark (Marchisio et al. 2024, github.com/Cohere-Labs-Community), with
`outputs/*.csv`. Of its monolingual task, command-r's answers are taken as right, though a few are not
(`--show` prints what is flagged), and those of llama-3-instruct as wrong where most letters are in another
script than the language's.

The last line is JSON, as in

    {"false_alarms": 0.0, "false_alarms_answers": 0.0, "sentence_flagged": 0.993, "whole_flagged": 1.0, ...}
"""

import argparse
import csv
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from statistics import fmean

from xagent.confusion import Foreign, confused
from xagent.languages import language
from xagent.sentences import split_sentences
from xagent.terminal import one_line
from xagent.writing import script_counts

Values = defaultdict[str, list[float]]  # 1 where it was as it should be, else 0, by language
_EAST = {"Hans": {"Hani"}, "Hant": {"Hani"}, "Jpan": {"Hani", "Hira", "Kana"}, "Kore": {"Hang", "Hani"}}


def sample() -> dict[str, list[str]]:
    """The sentences of the sample's texts by language, in order, without headings."""
    folder = Path(str(files("xagent"))) / "sample" / "texts"
    sentences: dict[str, list[str]] = defaultdict(list)
    for path in sorted(folder.glob("*/*.md")):
        for paragraph in path.read_text("utf-8").split("\n\n"):
            if not paragraph.startswith("#"):
                spans = split_sentences(paragraph, path.parent.name)
                sentences[path.parent.name] += [paragraph[start:end] for start, end in spans]
    return sentences


def answers(sentences: list[str]) -> Iterator[list[str]]:
    """Runs of two, three and four sentences, from one end to the other."""
    start = 0
    while start + 4 <= len(sentences):
        size = 2 + start % 3
        yield sentences[start : start + size]
        start += size


def with_one(answer: list[str], foreign: str, at: int) -> tuple[str, int, int]:
    """The answer with a sentence put in, and where that stands."""
    before = " ".join(answer[:at])
    start = len(before) + 1 if before else 0
    return " ".join([*answer[:at], foreign, *answer[at:]]), start, start + len(foreign)


def is_just(found: Iterable[Foreign], start: int, end: int) -> bool:
    """Whether something is flagged, and all of it lies between `start` and `end`."""
    listed = list(found)
    return bool(listed) and all(start <= each.start and each.end <= end for each in listed)


def check_right(sentences: dict[str, list[str]], show: bool) -> tuple[Values, Values]:
    """The false alarms over sentences, and over answers."""
    alone: Values = defaultdict(list)
    together: Values = defaultdict(list)
    for code, listed in sentences.items():
        for values, texts in ((alone, listed), (together, [" ".join(answer) for answer in answers(listed)])):
            for text in texts:
                found = confused(text, code)
                values[code].append(bool(found))
                report(text, code, found, show)
    return alone, together


def check_wrong(sentences: dict[str, list[str]], every: int, show: bool) -> tuple[Values, Values, float]:
    """Inserted sentences flagged alone, whole answers flagged, by language; and milliseconds an answer."""
    inserted: Values = defaultdict(list)
    whole: Values = defaultdict(list)
    began, count = time.process_time(), 0
    for code, listed in sentences.items():
        right = list(answers(listed))
        for other, foreign in sentences.items():
            for n, sentence in enumerate(foreign[::every] if other != code else []):
                answer = right[n % len(right)]
                text, start, end = with_one(answer, sentence, n % (len(answer) + 1))
                found = confused(text, code)
                inserted[f"{code}+{other}"].append(is_just(found, start, end))
                if show and not inserted[f"{code}+{other}"][-1]:
                    print(f"  {other} in {code}, flagged {len(found)}: {one_line(sentence[:160])}")
                count += 1
            for answer in [] if other == code else list(answers(foreign))[:: max(every // 3, 1)]:
                text = " ".join(answer)
                whole[f"{code}+{other}"].append(bool(confused(text, code)))
                count += 1
    return inserted, whole, (time.process_time() - began) / max(count, 1) * 1000


def report(text: str, code: str, found: Sequence[Foreign], show: bool) -> None:
    """Print what was flagged, shortened."""
    if show and found:
        parts = [f"[{each.language}] {text[each.start : each.end][:160]}" for each in found]
        print(f"  {code}: " + one_line(" … ".join(parts)))


def completions(folder: Path, model: str) -> Iterator[dict[str, str]]:
    """The rows of the monolingual task."""
    with (folder / "outputs" / f"{model}.csv").open(encoding="utf-8", newline="") as lines:
        yield from (row for row in csv.DictReader(lines) if row["task"] == "monolingual")


def is_in_other_script(text: str, code: str) -> bool:
    """Whether most letters are in a script that the language is not written in."""
    home = set().union(*(_EAST.get(script, {script}) for script in language(code).scripts))
    letters: dict[str, int] = defaultdict(int)
    for char in text:
        for script in script_counts(char):
            letters[script] += 1
    return 2 * sum(count for script, count in letters.items() if script not in home) > sum(letters.values())


def check_models(folder: Path, show: bool) -> tuple[Values, Values]:
    """Right answers passed, and answers in another script flagged, by language."""
    passed: Values = defaultdict(list)
    flagged: Values = defaultdict(list)
    for row in completions(folder, "command-r"):
        found = confused(row["completion"], row["language"])
        passed[row["language"]].append(not found)
        report(row["completion"], f"command-r {row['source']} {row['id']} {row['language']}", found, show)
    for row in completions(folder, "llama-3-instruct"):
        if is_in_other_script(row["completion"], row["language"]):
            flagged[row["language"]].append(bool(confused(row["completion"], row["language"])))
            if show and not flagged[row["language"]][-1]:
                print(f"  llama-3 {row['language']} not flagged: {one_line(row['completion'][:200])}")
    return passed, flagged


def overall(values: Values) -> float:
    """The mean over all cases."""
    return round(fmean([value for listed in values.values() for value in listed]), 4)


def by_language(values: Values) -> dict[str, str]:
    """'right/all' of each language, for the last line."""
    return {code: f"{int(sum(listed))}/{len(listed)}" for code, listed in sorted(values.items())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of the Language Confusion Benchmark")
    parser.add_argument("--every", type=int, default=5, help="put in every Nth foreign sentence")
    parser.add_argument("--show", action="store_true", help="print what was not as it should be")
    options = parser.parse_args()
    sentences = sample()
    alone, together = check_right(sentences, options.show)
    inserted, whole, took = check_wrong(sentences, options.every, options.show)
    scores: dict[str, object] = {
        "false_alarms": overall(alone),
        "false_alarms_answers": overall(together),
        "sentence_flagged": overall(inserted),
        "whole_flagged": overall(whole),
        "ms_an_answer": round(took, 2),
    }
    for pair, listed in sorted(inserted.items(), key=lambda item: fmean(item[1]))[:8]:
        print(f"put in, {pair}: {fmean(listed):.3f} of {len(listed)}")
    if options.data:
        passed, flagged = check_models(options.data, options.show)
        scores |= {"pass_right": overall(passed), "flag_wrong_script": overall(flagged)}
        scores |= {"passed": by_language(passed), "flagged": by_language(flagged)}
    print(json.dumps(scores))


if __name__ == "__main__":
    main()
