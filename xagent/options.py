"""The options that several commands share; each is an `XAGENT_*` variable too."""

from pathlib import Path
from typing import Annotated

import typer

StorePath = Annotated[
    Path | None,
    typer.Option("--store", envvar="XAGENT_STORE", help="The store's folder. [default: .xagent]"),
]
Json = Annotated[bool, typer.Option("--json", envvar="XAGENT_JSON", help="Print data as JSON.")]
Graph = Annotated[
    str | None,
    typer.Option(
        "--graph", envvar="XAGENT_GRAPH", help="The graph to run. [default: qa with a model, else quote]"
    ),
]
AnswerLanguage = Annotated[
    str,
    typer.Option("--language", envvar="XAGENT_LANGUAGE", help="Answer in this language, not the question's."),
]
Evidence = Annotated[
    str,
    typer.Option(
        "--evidence",
        envvar="XAGENT_EVIDENCE",
        help="Languages searched: all, question, english, question+english, swap, or 'de,fr'.",
    ),
]
Passages = Annotated[
    int, typer.Option("--k", envvar="XAGENT_K", min=1, max=1000, help="Passages to retrieve.")
]
EmbedderName = Annotated[
    str,
    typer.Option(
        "--embedder",
        envvar="XAGENT_EMBEDDER",
        help="'concepts' (built in), a served model, or 'local:MODEL'.",
    ),
]
EmbedderUrl = Annotated[
    str,
    typer.Option("--embedder-url", envvar="XAGENT_EMBEDDER_URL", help="Its OpenAI-compatible base URL."),
]
Wait = Annotated[
    bool, typer.Option("--wait", envvar="XAGENT_WAIT", help="Wait for another process that is writing.")
]
ModelUrl = Annotated[
    str | None,
    typer.Option("--model-url", envvar="XAGENT_MODEL_URL", help="The model's OpenAI-compatible base URL."),
]
ModelName = Annotated[
    str | None,
    typer.Option(
        "--model", envvar="XAGENT_MODEL", help="Its name there, or a GGUF file. [default: the first listed]"
    ),
]
Pivot = Annotated[
    str,
    typer.Option(
        "--pivot", envvar="XAGENT_PIVOT", help="Reason in English first: direct, english, auto or model."
    ),
]
Bridge = Annotated[
    str,
    typer.Option(
        "--bridge", envvar="XAGENT_BRIDGE", help="Translate the question for search: auto, always or never."
    ),
]
Rerank = Annotated[
    str,
    typer.Option(
        "--rerank", envvar="XAGENT_RERANK", help="Reorder what is found: none, endpoint, model or decisions."
    ),
]
GlossaryFile = Annotated[
    Path | None,
    typer.Option(
        "--glossary", envvar="XAGENT_GLOSSARY", help="A table of your own terms in several languages."
    ),
]
Questions = Annotated[
    int,
    typer.Option(
        "--questions",
        envvar="XAGENT_QUESTIONS",
        min=0,
        max=12,
        help="Index so many questions with each passage, which a model writes.",
    ),
]
Drafts = Annotated[
    bool, typer.Option("--drafts", envvar="XAGENT_DRAFTS", help="Show claims before they are verified.")
]
Trace = Annotated[
    bool, typer.Option("--trace", envvar="XAGENT_TRACE", help="Show each step, also where nobody watches.")
]
MaxCalls = Annotated[
    int,
    typer.Option("--max-calls", envvar="XAGENT_MAX_CALLS", min=1, help="Model calls it may cost."),
]
MaxTokens = Annotated[
    int, typer.Option("--max-tokens", envvar="XAGENT_MAX_TOKENS", min=1, help="Tokens it may cost.")
]
MaxSeconds = Annotated[
    float,
    typer.Option("--max-seconds", envvar="XAGENT_MAX_SECONDS", min=1, help="Seconds it may wait for models."),
]
