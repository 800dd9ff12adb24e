"""How a model is told what language to use: in that language, which it obeys best."""

from xagent.languages import language
from xagent.messages import voice


def in_language(code: str, script: str = "") -> str:
    """ "Answer in German", in German; in English for a language that xagent has no messages in.

    A prompt in the language asked for keeps a model to it better than one in English that names it
    (BERGEN: Chirkova et al. 2024, arXiv 2407.01463).
    """
    if code == "und":
        return "Answer in the language of the question."
    speaker = voice(code, script)
    if speaker.code.partition("-")[0] == code:
        return speaker.say("answer_in")
    named = language(code)
    return f"Answer in {named.name} ({named.autonym})."
