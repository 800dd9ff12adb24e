"""Decoding that keeps to a language: a plug-in for vLLM, loaded with

    vllm serve MODEL --logits-processors xagent.guided.processor:LanguageGuide

which `xagent vllm` does by itself. A request asks for it with

    "vllm_xargs": {"xagent_language": "ar", "xagent_strength": 5.0, "xagent_fields": "text"}

Tokens of other scripts become less likely and those of the language's own a little likelier, after the soft
constrained decoding of arXiv 2511.09984; it is a penalty, not a ban. Where languages share a script, function
words take the place of letters. Read in this order: vocabulary.py (which token keeps to which script),
preference.py (what a language likes and dislikes), position.py (where in its JSON a reply has come to),
processor.py (all of that, for a batch).
"""
