"""Does language-guided decoding keep a reply to its language, and what does it cost?

    python -m tests.serving vllm --port 8211 &       # a small English model on the CPU; up in a minute
    python benchmarks/guided_decoding.py --base-url http://127.0.0.1:8211/v1

By language, over the same questions, greedy, without and with the guide:

- target_script_share_without, target_script_share_with: the share of a reply's letters that are in the
  language's script. For German, which shares its script with English, the share of its function words among
  those of both (function_word_share_without, function_word_share_with).
- json_valid: replies to a schema, guided in its field `text` alone, that are JSON of that schema.
  json_text_share: of these, the share of letters in `text`, but for the passage's names, in the language's
  script; quote_kept: that in the field `quote`, which is not guided, of the passage's.
- names_with, names_without: replies that have the Latin name in them that the question asks to repeat.
- throughput_ratio: tokens a second with over without, 32 requests at once that write the same number of
  tokens, the median of pairs of rounds taken in turn.

It says nothing of whether a reply is right.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median

from openai import OpenAI

from xagent.endpoints import served_models
from xagent.guided.preference import target
from xagent.messages import function_words
from xagent.writing import script_of_sign

AT_ONCE = 32
TOKENS = 80
ROUNDS = 7
GERMAN = "de"
NAMES = ("Kinderdijk", "Zollverein", "Aldersgate", "Wexford", "Brandenburg")

QUESTIONS = {
    "ar": (
        "متى افتُتح الجسر؟", "ما عاصمة فرنسا؟", "صف البحر في جملتين.", "لماذا السماء زرقاء؟",
        "اشرح كيف تُصنع القهوة.", "من كتب ألف ليلة وليلة؟",
    ),
    "ru": (
        "Когда открыли мост?", "Какой город — столица Франции?", "Опиши море в двух предложениях.",
        "Почему небо голубое?", "Объясни, как варят кофе.", "Кто написал «Войну и мир»?",
    ),
    "zh": (
        "大桥是什么时候通车的？", "法国的首都是哪里？", "请用两句话描述大海。", "天空为什么是蓝色的？",
        "请说明咖啡是怎么做的。", "《红楼梦》的作者是谁？",
    ),
    "hi": (
        "पुल कब खुला?", "फ़्रांस की राजधानी क्या है?", "समुद्र का वर्णन दो वाक्यों में कीजिए।", "आसमान नीला क्यों है?",
        "कॉफ़ी कैसे बनती है, समझाइए।", "गोदान किसने लिखा?",
    ),
    "el": (
        "Πότε άνοιξε η γέφυρα;", "Ποια είναι η πρωτεύουσα της Γαλλίας;", "Περίγραψε τη θάλασσα.",
        "Γιατί ο ουρανός είναι γαλάζιος;", "Εξήγησε πώς φτιάχνεται ο καφές.", "Ποιος έγραψε την Οδύσσεια;",
    ),
    "th": (
        "สะพานเปิดใช้เมื่อใด", "เมืองหลวงของฝรั่งเศสคืออะไร", "จงบรรยายทะเลสองประโยค", "ทำไมท้องฟ้าเป็นสีฟ้า",
        "อธิบายวิธีชงกาแฟ", "ใครแต่งเรื่องพระอภัยมณี",
    ),
    "ja": (
        "橋はいつ開通しましたか。", "フランスの首都はどこですか。", "海について二文で述べてください。",
        "空はなぜ青いのですか。", "コーヒーの淹れ方を説明してください。", "『源氏物語』の作者は誰ですか。",
    ),
    "ko": (
        "다리는 언제 개통되었습니까?", "프랑스의 수도는 어디입니까?", "바다를 두 문장으로 묘사하세요.",
        "하늘은 왜 파란가요?", "커피를 어떻게 만드는지 설명하세요.", "춘향전은 누구의 이야기입니까?",
    ),
    "de": (
        "Wann wurde die Brücke eröffnet?", "Was ist die Hauptstadt von Frankreich?", "Beschreibe das Meer.",
        "Warum ist der Himmel blau?", "Erkläre, wie man Kaffee kocht.", "Wer schrieb den Faust?",
    ),
}  # fmt: skip
REPEAT = {
    "ar": "أعد كتابة هذا الاسم: {}", "ru": "Повтори это имя: {}", "zh": "请重复这个名字：{}",
    "hi": "यह नाम दोहराइए: {}", "el": "Επανάλαβε αυτό το όνομα: {}", "th": "ทวนชื่อนี้: {}",
    "ja": "この名前を繰り返してください：{}", "ko": "이 이름을 반복하세요: {}",
}  # fmt: skip
PASSAGE = "The bridge over the river was opened in 1874 by the engineer Ida Brandt."
SCHEMA = {
    "type": "object",
    "properties": {"quote": {"type": "string", "maxLength": 80}, "text": {"type": "string", "maxLength": 80}},
    "required": ["quote", "text"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Asker:
    """A server's model, asked greedily."""

    client: OpenAI
    model: str

    def __call__(self, question: str, language: str, more: Mapping[str, object]) -> str:
        """The reply, guided to a language where one is given."""
        guide = {"xagent_language": language, "xagent_fields": "text" if "response_format" in more else ""}
        body = {"vllm_xargs": guide} if language else {}
        messages = [{"role": "user", "content": question}]
        reply = self.client.chat.completions.create(
            model=self.model,
            messages=messages,  # type: ignore[arg-type]
            temperature=0,
            extra_body={"max_tokens": TOKENS, **body, **more},
        )
        return str(reply.choices[0].message.content or "")

    def all(self, asked: Sequence[tuple[str, str]], **more: object) -> list[str]:
        """The replies to questions with their languages, many at once, in order."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda one: self(one[0], one[1], more), asked))


def share_of_letters(texts: Iterable[str], language: str) -> float:
    """Of their letters, those in the language's script."""
    scripts = [script for text in texts for char in text if (script := script_of_sign(char))]
    return sum(script in target(language).scripts for script in scripts) / max(1, len(scripts))


def share_of_words(texts: Iterable[str], language: str) -> float:
    """Of the function words that are the language's or English, but not both, those of the language."""
    own, others = function_words(language), function_words("en")
    words = [word.strip(".,;:!?\"'()") for text in texts for word in text.casefold().split()]
    own_words, other_words = (sum(word in one for word in words) for one in (own - others, others - own))
    return own_words / max(1, own_words + other_words)


def compared(ask: Asker, language: str) -> dict[str, float]:
    """The share of what is the language's, without the guide and with it."""
    measure, name = (
        (share_of_words, "function_word_share")
        if language == GERMAN
        else (share_of_letters, "target_script_share")
    )
    without = ask.all([(question, "") for question in QUESTIONS[language]])
    guided = ask.all([(question, language) for question in QUESTIONS[language]])
    return {
        f"{name}_without": round(measure(without, language), 4),
        f"{name}_with": round(measure(guided, language), 4),
    }


def structured(ask: Asker) -> dict[str, float]:
    """Whether guided replies are JSON of a schema, and leave a quotation in its own script."""
    form = {"type": "json_schema", "json_schema": {"name": "reply", "schema": SCHEMA}}
    asked = [
        (f"{PASSAGE}\n\n{question} (a quote from the passage and a text)", language)
        for language in REPEAT
        for question in QUESTIONS[language]
    ]
    replies = ask.all(asked, response_format=form, max_tokens=400)
    parsed = [one for reply in replies if (one := read(reply))]
    texts = [
        share_of_letters([said], language)
        for (_, language), reply in zip(asked, replies, strict=True)
        if any(map(str.isalpha, said := nameless(read(reply).get("text", ""))))
    ]
    return {
        "json_valid": round(len(parsed) / len(replies), 4),
        "json_text_share": round(sum(texts) / max(1, len(texts)), 4),
        "quote_kept": round(share_of_letters([one["quote"] for one in parsed], "en"), 4),
    }


def nameless(text: str) -> str:
    """A text without the names that stand in the passage, which may stand in any language."""
    return text.replace("Ida", "").replace("Brandt", "")


def read(reply: str) -> dict[str, str]:
    """The reply as an object with just the fields that were asked for; empty when it is not."""
    try:
        found = json.loads(reply)
    except ValueError:
        return {}
    whole = isinstance(found, dict) and set(found) == {"quote", "text"}
    return found if whole and all(isinstance(one, str) for one in found.values()) else {}


def names(ask: Asker) -> dict[str, float]:
    """How many replies have the name in them that the question asks to repeat."""
    asked = [(REPEAT[language].format(name), name, language) for language in REPEAT for name in NAMES]

    def kept(languages: Callable[[str], str]) -> float:
        replies = ask.all([(question, languages(language)) for question, _, language in asked])
        found = [name in reply for (_, name, _), reply in zip(asked, replies, strict=True)]
        return round(sum(found) / len(found), 4)

    return {"names_without": kept(lambda _: ""), "names_with": kept(lambda language: language)}


def throughput(ask: Asker) -> float:
    """Tokens a second with the guide over those without: each round writes the same number of them."""
    questions = [QUESTIONS[language][0] for language in QUESTIONS] * 4
    languages = list(QUESTIONS) * 4

    def seconds(guided: bool) -> float:
        asked = [
            (question, language if guided else "")
            for question, language in zip(questions[:AT_ONCE], languages[:AT_ONCE], strict=True)
        ]
        began = time.perf_counter()
        ask.all(asked, ignore_eos=True)
        return time.perf_counter() - began

    seconds(True), seconds(False)  # warm
    return round(median(seconds(False) / seconds(True) for _ in range(ROUNDS)), 4)


def main() -> None:
    """Measure, and print a line a language and one of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--base-url", required=True, help="of a vLLM with the plug-in, ending in /v1")
    parser.add_argument("--key", default="none")
    given = parser.parse_args()
    model = served_models(given.base_url, given.key)[0]
    with OpenAI(base_url=given.base_url, api_key=given.key, timeout=600) as client:
        ask = Asker(client, model)
        by_language = {}
        for language in QUESTIONS:
            by_language[language] = compared(ask, language)
            print(language, by_language[language])
        found = {**structured(ask), **names(ask), "throughput_ratio": throughput(ask)}
    print(json.dumps({"model": model, "by_language": by_language, **found}))


if __name__ == "__main__":
    main()
