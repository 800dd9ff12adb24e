"""What the fake model says by default: sound answers to xagent's own prompts, from the passages they have."""

from collections.abc import Callable, Mapping, Sequence

from pydantic import BaseModel

from xagent.analyser import analyse, words
from xagent.replies import Choice, Entailment, R, read
from xagent.sentences import split_sentences
from xagent.testing.natural_sentences import Sentences
from xagent.testing.prompt import PromptPassage
from xagent.testing.request import Reply, Request
from xagent.writing import script_of

Rule = Callable[[Request], Reply]
"""What to say to a request; an AssertionError it raises is sent as status 500."""

_REASONING = "The passages were compared with the question, and the one nearest to it was quoted."
LIKELY = 0.9
"""The probability of what a rule says is so; of what it says is not, the rest."""
LONGEST_QUOTE, LONGEST_LINE, LONGEST_ANSWER = 800, 600, 120  # characters that xagent accepts


def default_rule(sentences: Sentences | None = None) -> Rule:
    """Drafts quote the passage nearest to the question, every claim is supported, every language is right.

    English is always the language to reason in, where the model may choose.

    Raises AssertionError for a reply of another name than `prompt.SCHEMAS` lists.
    """
    return combined({}, sentences)


def combined(by_schema: Mapping[str, Rule], sentences: Sentences | None = None) -> Rule:
    """The default rule, but for the replies named here.

    >>> rule = combined({"Entailment": lambda request: {"verdicts": [{"claim": 1, "supported": False}]}})
    """
    rules = {**_DefaultRules(sentences or Sentences()).by_schema(), **by_schema}
    rules.setdefault("Decisions", lambda request: decisions(request, rules))

    def answer(request: Request) -> Reply:
        assert request.schema in rules, f"no rule for a reply named {request.schema!r}"
        return rules[request.schema](request)

    return answer


class _DefaultRules:
    def __init__(self, sentences: Sentences) -> None:
        self.sentences = sentences

    def by_schema(self) -> dict[str, Rule]:
        return {
            "": self.plain,
            "Draft": lambda request: {"claims": self.claims(request)},
            "ReasonedDraft": lambda request: {"reasoning": _REASONING, "claims": self.claims(request)},
            "Vote": self.vote,
            "Entailment": entailment,
            "Standalone": lambda request: {"question": request.question},
            "Rewording": rewording,
            "Restatement": self.restatement,
            "Translation": self.translation,
            "Recollection": lambda request: {"sentences": [self.plain(request)]},
            "Bridge": self.bridge,
            "Questions": self.questions,
            "Ranking": ranking,
            "Rerank": rerank,
            "Choice": lambda _: {"english": True},
        }

    def plain(self, request: Request) -> str:
        """A sentence, as chat goes without a form for the reply."""
        return self.sentences.pick(request.language or "en", request.question)

    def claims(self, request: Request) -> list[dict[str, object]]:
        """One claim with one quotation, or none where there is nothing to quote."""
        passage = nearest_passage(request)
        quote = best_sentence(passage, request.question) if passage else ""
        if not passage or not quote:
            return []
        evidence = [{"passage": passage.id, "quote": quote}]
        return [{"evidence": evidence, "text": self.stated(request, passage, quote), "disputed": False}]

    def stated(self, request: Request, passage: PromptPassage, quote: str) -> str:
        """A claim in the reader's language: the quotation where it is, else any sentence."""
        target = request.language or passage.language or "en"
        if is_in(target, passage.language, quote) and len(quote) <= LONGEST_LINE:
            return " ".join(quote.split())
        return self.sentences.pick(target, quote)

    def vote(self, request: Request) -> Reply:
        """A draft, and the beginning of its quotation as the answer: who quotes the same, votes the same."""
        passage = nearest_passage(request)
        quote = best_sentence(passage, request.question) if passage else ""
        answer = " ".join(words(quote)[:4])[:LONGEST_ANSWER]
        return {"reasoning": _REASONING, "answer": answer, "claims": self.claims(request)}

    def restatement(self, request: Request) -> Reply:
        target = request.language or "en"
        pairs = request.statements.items()
        return {"sentences": [{"n": n, "text": self.sentences.pick(target, said)} for n, said in pairs]}

    def translation(self, request: Request) -> Reply:
        """The question, as number 0, and everything numbered, in English."""
        numbered = {0: request.question} | {passage.id: passage.text for passage in request.passages}
        pairs = (numbered | request.statements).items()
        return {"texts": [{"n": n, "text": self.sentences.pick("en", said)} for n, said in pairs]}

    def bridge(self, request: Request) -> Reply:
        """In each language asked for, the sentence that shares most n-grams with the question."""
        said = {code: self.nearest(code, request.question) for code in request.languages}
        return {"translations": [{"language": code, "text": text} for code, text in said.items()]}

    def nearest(self, code: str, question: str) -> str:
        """The sentence of a language nearest to a question; any, where none has anything of it."""
        best = max(self.sentences.all(code), key=lambda sentence: _shared(sentence, question))
        return best if _shared(best, question) else self.sentences.pick(code, question)

    def questions(self, request: Request) -> Reply:
        """A sentence in each language for each passage, as a question."""
        asked = [
            {"passage": one.id, "language": code, "text": self.sentences.pick(code, f"{n} {one.text}")}
            for one in request.passages
            for n, code in enumerate(request.languages)
        ]
        return {"asked": asked}


def ranking(request: Request) -> Reply:
    """The passages that share most n-grams with the question come first."""
    nearest = sorted(request.passages, key=lambda one: -_shared(one.text, request.question))
    return {"ranking": [passage.id for passage in nearest]}


def rerank(request: Request) -> Reply:
    """The number of n-grams shared is the score; sorted by it, as servers send them."""
    documents, query = request.body.get("documents"), str(request.body.get("query"))
    texts = documents if isinstance(documents, list) else []
    scores = [float(_shared(str(text), query)) for text in texts]
    places = sorted(range(len(scores)), key=lambda place: -scores[place])
    return {"results": [{"index": place, "relevance_score": scores[place]} for place in places]}


def decisions(request: Request, rules: Mapping[str, Rule]) -> Reply:
    """Predicates are judged as what is asked for in chat instead, by the rules for that.

    Of statements one that is supported is as likely as `LIKELY`, another as unlikely; so is English to reason
    in. That a passage answers is as likely as the share of the question's n-grams that it has.
    """
    questions = request.body.get("questions")
    names = [str(one["name"]) for one in questions] if isinstance(questions, list) else []
    likely = _likely(request, names, rules)
    answers = [{"type": "predicate", "name": one, "probability": likely.get(one, 0.0)} for one in names]
    details = {"input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0}}
    usage = {"input_tokens": 100, "output_tokens": len(answers), "total_tokens": 100 + len(answers)}
    out = {"output_tokens_details": {"reasoning_tokens": 0}}
    return {"answers": answers, "model": "fake", "usage": {**usage, **details, **out}}


def _likely(request: Request, names: Sequence[str], rules: Mapping[str, Rule]) -> dict[str, float]:
    """The probabilities, by the names of their predicates."""
    if request.statements:
        verdicts = _read(rules["Entailment"](request), Entailment).verdicts
        return {f"s{one.claim}": LIKELY if one.supported else 1 - LIKELY for one in verdicts}
    if names == ["english"]:
        english = _read(rules["Choice"](request), Choice).english
        return {"english": LIKELY if english else 1 - LIKELY}
    most = max(1, len(set(analyse(request.question))))
    return {f"p{one.id}": _shared(one.text, request.question) / most for one in request.passages}


def _read(reply: Reply, schema: type[R]) -> R:
    if isinstance(reply, str):
        return read(reply, schema)
    return schema.model_validate(reply.model_dump() if isinstance(reply, BaseModel) else reply)


def entailment(request: Request) -> Reply:
    """Every statement is supported."""
    return {"verdicts": [{"claim": n, "supported": True} for n in request.statements]}


def rewording(request: Request) -> Reply:
    """The question as it is, and its words in Latin letters."""
    return {"queries": [request.question, " ".join(words(request.question))]}


def nearest_passage(request: Request) -> PromptPassage | None:
    """The passage that shares most n-grams with the question; None where there is no passage."""
    return max(request.passages, key=lambda passage: _shared(passage.text, request.question), default=None)


def best_sentence(passage: PromptPassage, question: str) -> str:
    """The passage's sentence that shares most n-grams with the question, not a heading if it can be."""
    spans = split_sentences(passage.text, passage.language or "und")
    found = [passage.text[start:end] for start, end in spans]
    short = [sentence for sentence in found if len(sentence) <= LONGEST_QUOTE]
    prose = [sentence for sentence in short if not sentence.startswith("#")]
    return max(prose or short, key=lambda sentence: _shared(sentence, question), default="")


def is_in(target: str, language: str, text: str) -> bool:
    """Whether a text of this language is what a reader of `target` reads: Chinese has two scripts."""
    if target.partition("-")[0] != language.partition("-")[0]:
        return False
    return not target.startswith("zh") or (target == "zh-Hant") == (script_of(text) == "Hant")


def _shared(text: str, question: str) -> int:
    return len(set(analyse(text)) & set(analyse(question)))
