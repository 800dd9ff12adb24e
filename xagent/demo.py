"""The main job on the sample that comes with xagent, with no model and no download."""

import tempfile
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path

from xagent.agent import Agent
from xagent.display import show_answer
from xagent.terminal import console

QUESTIONS = (
    "Which Bolivian helped Charles Ledger obtain cinchona seeds?",
    "یوهان لودویگ بورکهارت در چه سالی از پترا دیدن کرد؟",
    "Quem ensinou a língua vietnamita a Alexandre de Rhodes?",
    "Mikä Tonavan silta Regensburgissa on peräisin 1100-luvulta?",
    "Ọdún wo ni Henry Stanley rí David Livingstone ní Ujiji?",
    "1415年送给永乐皇帝的长颈鹿来自哪里？",
    "في أي حديقة بإسطنبول أعلن مصطفى كمال الحروف الجديدة؟",
    "東海道新幹線を造るために世界銀行からいくら借りましたか？",
)
"""One a language. The evidence is in Spanish, Arabic, Vietnamese, German, Swahili, Turkish and Japanese."""


def run_demo(store: Path | None = None) -> None:
    """Build a store from the sample and answer eight questions, in `store` or a temporary folder."""
    texts = Path(str(files("xagent"))) / "sample" / "texts"
    screen = console()
    with ExitStack() as stack:
        folder = store or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "store"
        agent = stack.enter_context(Agent(folder, "quote"))
        agent.ingest([texts], root=texts)
        counts = agent.store.languages()
        documents = sum(documents for _, documents in counts.values())
        screen.print(f"{documents} documents in {len(counts)} languages; no model, nothing downloaded.\n")
        for question in QUESTIONS:
            screen.print(f"> {question}", style="bold")
            show_answer(agent.ask(question))
            screen.print()
