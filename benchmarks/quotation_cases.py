"""Quotations, false and true, as a language model may give them, and a slow reference that judges them word by word."""

# The texts stand on one line each.
# ruff: noqa: E501

import random
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import xagent
from xagent.sentences import split_sentences
from xagent.writing import script_of


class Claimed(NamedTuple):
    """What a model says stands in a passage, given by its number from 0."""

    quote: str
    passage: int


class Case(NamedTuple):
    """A quotation, what it is (`true` or a kind of false), and the passages the model was shown."""

    kind: str
    script: str
    passages: tuple[str, ...]
    claim: Claimed


# --- the reference: slow, and made independently ---

_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff]")
_OPTIONAL = re.compile(
    "[\u064b-\u0652\u0670\u0640\u05b0-\u05bd\u05bf\u05c1\u05c2\u200b-\u200f\u2066-\u2069\u00ad*_`]"
)


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """The words and numbers of a text, without case and marks; each letter of an unspaced script is one."""
    plain = re.sub("[‐-―]", "-", unicodedata.normalize("NFKC", _OPTIONAL.sub("", text)))
    plain = re.sub(r"\d", lambda digit: str(int(digit[0])), plain.replace("’", "'").casefold())
    plain = unicodedata.normalize("NFKC", plain)
    found, open_word = [""], False
    for at, char in enumerate(plain):
        mark = unicodedata.category(char)[0] == "M"
        inside = char in ".,:'-" and plain[at - 1 : at].isalnum() and plain[at + 1 : at + 2].isalnum()
        inside = inside and (char in "'-" or plain[at - 1].isdecimal() is plain[at + 1].isdecimal() is True)
        if mark or (
            open_word and (char.isalnum() or inside) and not _UNSPACED.search(plain[at - 1 : at + 1])
        ):
            found[-1] += char
        elif open_word := char.isalnum():
            found.append(char)
    return tuple(word for word in found if word)


def says(passage: str, quote: str) -> bool:
    """Whether the words of the quote stand in the passage, in this order and with nothing between."""
    return f" {' '.join(words(quote))} " in f" {' '.join(words(passage))} "


def stands(passage: str, start: int, end: int, quote: str) -> bool:
    """Whether the stretch says what the quote says, and cuts no word of the passage."""
    stretch = passage[start:end]
    whole = words(passage[:start]) + words(stretch) + words(passage[end:]) == words(passage)
    return whole and words(stretch) == words(quote) and stretch == stretch.strip()


# --- false quotations ---

_NEGATIONS = {"am": "አይደለም", "ar": "لم", "bn": "না", "de": "nicht", "el": "δεν", "en": "not", "es": "no", "fa": "هرگز", "fr": "jamais", "he": "לא", "hi": "नहीं", "it": "non", "ja": "ない", "ka": "არ", "ko": "안", "pt": "não", "ru": "не", "sw": "si", "ta": "இல்லை", "th": "ไม่", "tr": "değil", "vi": "không", "yo": "kò", "zh": "不"}  # fmt: skip


class Sources(NamedTuple):
    """The texts of a language, those of all, and the dice."""

    language: str
    texts: Sequence[str]
    others: Sequence[str]
    dice: random.Random

    def sentence(self, text: str) -> str:
        """Any sentence of at least five words."""
        found = [text[start:end] for start, end in split_sentences(text, self.language)]
        return self.dice.choice([sentence for sentence in found if len(words(sentence)) > 4])

    def parts(self, sentence: str) -> list[str]:
        """Pieces of a sentence that join to it: words with the space after them, or letters with their marks."""
        found = re.findall(r"\S+\s*", sentence)
        spaced = len(found) > 4 and len(sentence) <= 20 * len(found)
        return found if spaced else re.findall(r"\d+|.", sentence)

    def another(self, text: str) -> str:
        """Another text in the language."""
        return self.dice.choice([other for other in self.texts if other != text])


def invented(text: str, of: Sources) -> str:
    """A sentence that begins as one of the passage and ends as one of another."""
    one, other = of.parts(of.sentence(text)), of.parts(of.sentence(of.another(text)))
    return "".join(one[: len(one) // 2] + other[len(other) // 2 :])


def spliced(text: str, of: Sources) -> str:
    one, other = of.parts(of.sentence(text)), of.parts(of.sentence(text))
    between = of.dice.choice(["", " ", " … ", " ... ", " [...] ", "……", ", "])
    return "".join(one[: len(one) // 2 + 1]).rstrip() + between + "".join(other[-len(other) // 2 :])


def dropped(text: str, of: Sources) -> str:
    parts = of.parts(of.sentence(text))
    del parts[of.dice.randrange(1, len(parts) - 1)]
    return "".join(parts)


def renumbered(text: str, of: Sources) -> str:
    numbered = [text[a:b] for a, b in split_sentences(text, of.language) if re.search(r"\d", text[a:b])]
    sentence = of.dice.choice(numbered) if numbered else ""
    places = [found.start() for found in re.finditer(r"\d", sentence)]
    at = of.dice.choice(places) if places else 0
    zero = ord(sentence[at]) - unicodedata.decimal(sentence[at]) if places else 48
    return sentence[:at] + chr(zero + of.dice.randrange(10)) + sentence[at + 1 :]


def negated(text: str, of: Sources) -> str:
    parts = of.parts(of.sentence(text))
    gap = " " if parts[0][-1:].isspace() else ""
    parts.insert(of.dice.randrange(1, len(parts)), _NEGATIONS[of.language] + gap)
    return "".join(parts)


def replaced(text: str, of: Sources) -> str:
    parts, other = of.parts(of.sentence(text)), of.parts(of.sentence(text))
    parts[of.dice.randrange(1, len(parts) - 1)] = of.dice.choice(other)
    return "".join(parts)


def reaccented(text: str, of: Sources) -> str:
    """A mark that makes another letter is taken away, or one is put on."""
    letters = unicodedata.normalize("NFD", of.sentence(text))
    marks = [at for at, char in enumerate(letters) if unicodedata.category(char)[0] == "M"]
    plain = [at for at, char in enumerate(letters) if char.isalpha()]
    at = of.dice.choice(marks or plain)
    return letters[:at] + letters[at + 1 :] if marks else letters[: at + 1] + "\u0301" + letters[at + 1 :]


def misattributed(text: str, of: Sources) -> str:
    return of.sentence(of.another(text))


def translated(_: str, of: Sources) -> str:
    return of._replace(language="und").sentence(of.dice.choice(of.others))


def cut(text: str, of: Sources) -> str:
    """A sentence that begins or ends inside a word or number."""
    sentence = of.sentence(text)
    inside = re.compile(r"(?<=\d)(?=\d)|(?<=[^\W\d_])(?=[^\W\d_\u0e00-\u0eff\u1100-\u11ff\u2e80-\u9fff])")
    places = [found.start() for found in inside.finditer(sentence)]
    at = of.dice.choice(places) if places else 0
    return sentence[:at] if at > len(sentence) // 2 else sentence[at:]


# --- true quotations, as a model may give them ---


def _digits(zero: str) -> Callable[[str], str]:
    return lambda quote: re.sub(r"\d", lambda digit: chr(ord(zero) + unicodedata.decimal(digit[0])), quote)


NOISES: Sequence[Callable[[str], str]] = (
    str, _digits("0"), _digits("٠"), _digits("०"),
    lambda quote: re.sub("[0-9A-Za-z]", lambda char: chr(ord(char[0]) + 0xFEE0), quote),
    lambda quote: unicodedata.normalize("NFD", quote),
    lambda quote: f" “{quote}” ",
    lambda quote: f"…**{quote}**…",
    lambda quote: f"\u2067{quote}\u2069",
    lambda quote: re.sub(r"\s+", " \n ", quote),
    lambda quote: quote.rstrip(".。।?!"),
    lambda quote: quote.translate(dict.fromkeys(map(ord, "“”„«»‘’"), '"')),
    lambda quote: re.sub("[–—-]", "‑", quote),
    lambda quote: quote if "I" in quote or "İ" in quote else quote.lower(),
)  # fmt: skip

MORE = {
    "el": "Η διώρυγα της Κορίνθου άνοιξε το 1893 και έχει μήκος 6.343 μέτρα. Πριν από αυτήν τα πλοία έπρεπε να κάνουν τον γύρο της Πελοποννήσου. Σήμερα τη διασχίζουν κυρίως μικρά σκάφη, γιατί το πλάτος της δεν ξεπερνά τα 25 μέτρα.\n\nΗ μαστίχα βγαίνει από έναν θάμνο που καλλιεργείται στη νότια Χίο. Οι παραγωγοί χαράζουν τον κορμό από τον Ιούλιο και μαζεύουν τα δάκρυα όταν ξεραθούν. Περίπου 24 χωριά ζουν ακόμη από αυτήν.",
    "he": "נמל יפו הוא מן הנמלים העתיקים בעולם. עד שנת 1936 פרקו בו ספנים את התפוזים מסירות קטנות, כי האוניות הגדולות עגנו הרחק מן החוף. היום עומדים במחסנים שלו 12 בתי קפה וגלריות.\n\nאגם החולה יובש בשנות החמישים כדי לפנות 60 אלף דונם לחקלאות. האדמה התגלתה כענייה, והכבול שבה בער מתחת לפני הקרקע. בשנת 1994 הוצף חלק מן העמק מחדש, ועגורים רבים חזרו אליו.",
    "bn": "সুন্দরবন পৃথিবীর সবচেয়ে বড় ম্যানগ্রোভ বন। এর প্রায় ৬,০০০ বর্গকিলোমিটার বাংলাদেশে পড়েছে। জোয়ারের জলে দিনে দুবার বনের মাটি ডুবে যায়, তাই গাছের শিকড় বাতাসের খোঁজে ওপরে ওঠে।\n\nনকশি কাঁথা পুরোনো শাড়ির কাপড় জোড়া দিয়ে সেলাই করা হয়। জসীমউদ্‌দীনের কাব্য ১৯২৯ সালে এই শিল্পকে সবার কাছে পরিচিত করে। আজও যশোরের মেয়েরা শীতের আগে কাঁথা বোনেন।",
    "ta": "கல்லணை காவிரி ஆற்றின் குறுக்கே கட்டப்பட்ட பழமையான அணை. இதன் நீளம் 329 மீட்டர், அகலம் 20 மீட்டர். பெரிய கற்களைச் சாந்து இல்லாமல் அடுக்கி இதைக் கட்டினார்கள் என்று சொல்கிறார்கள்.\n\nஜல்லிக்கட்டு பொங்கல் நாட்களில் நடக்கும் ஏறுதழுவும் விளையாட்டு. நீதிமன்றம் 2014 ஆம் ஆண்டில் அதற்குத் தடை விதித்தது. மாணவர்கள் கடற்கரையில் கூடிப் போராடிய பிறகு தடை நீங்கியது.",
    "am": "ላሊበላ ከአንድ ዓለት የተፈለፈሉ 11 ቤተ ክርስቲያናት አሉት። ከሁሉም የታወቀው ቤተ ጊዮርጊስ የመስቀል ቅርጽ አለው። በየዓመቱ በገና ዕለት በብዙ ሺህ የሚቆጠሩ ምእመናን ወደዚያ ይጓዛሉ።\n\nጤፍ በኢትዮጵያ ከፍተኛ ቦታዎች የሚበቅል ጥቃቅን እህል ነው። ዱቄቱ ለ3 ቀን ከቦካ በኋላ በምጣድ ላይ እንጀራ ሆኖ ይጋገራል። ብረት ስላለው በሌሎች አገሮችም ተፈላጊ ሆኗል።",
    "ka": "ქვევრი თიხის დიდი ჭურჭელია, რომელსაც მიწაში ფლავენ. ღვინო მასში 6 თვემდე რჩება ჭაჭასთან ერთად. 2013 წელს ეს წესი კაცობრიობის არამატერიალურ მემკვიდრეობად აღიარეს.\n\nუშგული სვანეთის ყველაზე მაღალი სოფელია, 2100 მეტრის სიმაღლეზე. ზამთარში გზა ხშირად იკეტება და ოჯახები თვეობით მარტო რჩებიან. ძველ კოშკებში ხალხი მტრისა და ზვავისგან იმალებოდა.",
}


FALSE: Sequence[Callable[[str, Sources], str]] = (invented, spliced, dropped, renumbered, negated, replaced, reaccented, misattributed, translated, cut)  # fmt: skip


def texts() -> dict[str, list[str]]:
    """The texts of each language: the sample's, and short ones in scripts that it lacks."""
    sample = sorted((Path(xagent.__file__).parent / "sample" / "texts").iterdir())
    found = {each.name: [text.read_text("utf-8") for text in sorted(each.glob("*.md"))] for each in sample}
    return found | {language: text.split("\n\n") for language, text in MORE.items()}


def cases(count: int, seed: int) -> Iterator[Case]:
    """Four true quotations to at most ten false ones, language after language, until there are enough."""
    library, dice, made = texts(), random.Random(seed), 0
    while made < count:
        for language, own in library.items():
            others = [text for other, some in library.items() if other != language for text in some]
            made += len(round_of_cases := list(_of(Sources(language, own, others, dice))))
            yield from round_of_cases


def _of(sources: Sources) -> Iterator[Case]:
    text = sources.dice.choice(sources.texts)
    passages, script = (text, sources.another(text)), script_of(text)
    for make in FALSE:
        quote = make(text, sources)
        if words(quote) and not says(text, quote):
            yield Case(make.__name__, script, passages, Claimed(quote, 0))
    for noise in sources.dice.sample(NOISES, 4):
        yield Case("true", script, passages, Claimed(noise(sources.sentence(text)), 0))
