"""A fake server of a language model."""

from collections.abc import Collection, Iterable, Mapping

from xagent.testing.chat_handler import ChatHandler
from xagent.testing.fake_model import FakeModel
from xagent.testing.faults import Fault, FaultKind
from xagent.testing.loopback import LocalServer
from xagent.testing.natural_sentences import Sentences
from xagent.testing.rules import Rule


class ModelServer(FakeModel, LocalServer):
    """An OpenAI-compatible `/v1/chat/completions`, plain and streamed, on a free port of this machine.

    It answers xagent's own prompts by itself: with quotations that are in the passages, and right sentences
    in the language asked for. What it says and does wrong is yours to choose; it remembers every request:

    >>> with ModelServer({"Standalone": lambda request: {"question": "Where is Ouagadougou?"}}) as server:
    ...     client = OpenAI(base_url=server.url, api_key="any")
    ...     client.chat.completions.create(model=server.model, messages=[...], response_format=...)
    ...     assert server.requests[0].schema == "Standalone"

    `rule` gives a reply to any request, or is a dict of rules for the replies named in it. `faults` happen by
    chance: with one `seed` always the same to the same requests. `sentences` are what it says in a language.
    It thinks `think` aloud before each reply and waits `delay` seconds. Requests that have a field listed in
    `refuses`, or a response_format of a type listed there, get status 400, as from hosted servers. Of
    `/v1/rerank` and `/v1/decisions` it serves those that `endpoints` lists; their replies are named "Rerank"
    and "Decisions".
    """

    def __init__(
        self,
        rule: Rule | Mapping[str, Rule] | None = None,
        *,
        faults: Iterable[Fault | FaultKind] = (),
        seed: int = 0,
        sentences: Sentences | None = None,
        think: str = "",
        refuses: Collection[str] = (),
        delay: float = 0.0,
        endpoints: Collection[str] = (),
    ) -> None:
        FakeModel.__init__(
            self,
            rule=rule or {},
            faults=faults,
            seed=seed,
            sentences=sentences,
            think=think,
            refuses=refuses,
            delay=delay,
            endpoints=endpoints,
        )
        LocalServer.__init__(self, type("Handler", (ChatHandler,), {"fake": self}))
