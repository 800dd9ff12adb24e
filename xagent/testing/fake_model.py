"""A fake model without its server: what it is asked, what it says, and what it does wrong."""

import json
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from threading import Condition

from pydantic import BaseModel

from xagent.testing.completion import Completion, Refused, count_tokens, first_tokens
from xagent.testing.faults import Fault, FaultKind, FaultPlan
from xagent.testing.natural_sentences import Sentences
from xagent.testing.prompt import texts
from xagent.testing.request import Reply, Request
from xagent.testing.rules import Rule, combined
from xagent.testing.spoiling import SPOILS, Scene, spoil

INSTEAD = ("hanging", "not json", "status 400", "status 401", "status 429", "status 500")
"""The faults in place of a reply: the model is not asked."""


class FakeModel:
    """Answers requests by a rule, spoils the answers as its faults say, and remembers them all."""

    model = "fake"
    """Its name; requests for another get status 404."""
    letters = 6
    """In one piece of a stream."""
    pause = 0.02
    """Seconds between pieces when it is slow."""

    def __init__(
        self,
        *,
        rule: Rule | Mapping[str, Rule],
        faults: Iterable[Fault | FaultKind],
        seed: int,
        sentences: Sentences | None,
        think: str,
        refuses: Collection[str],
        delay: float,
        endpoints: Collection[str] = (),
    ) -> None:
        self.requests: list[Request] = []
        self.sentences = sentences or Sentences()
        self.rule = combined(rule, self.sentences) if isinstance(rule, Mapping) else rule
        self.think = think
        self.refuses = refuses
        self.delay = delay
        self.endpoints = endpoints
        self._seed = seed
        self._plan = FaultPlan(faults, seed)
        self._busy = 0
        self._changed = Condition()

    @property
    def faults(self) -> Sequence[Fault]:
        """What may go wrong; give it other faults at any time."""
        return self._plan.faults

    @faults.setter
    def faults(self, faults: Iterable[Fault | FaultKind]) -> None:
        self._plan = FaultPlan(faults, self._seed)

    def begin(self, body: dict[str, object], key: str) -> Request:
        """Note a request that has arrived."""
        request = Request(body, time.perf_counter(), key)
        with self._changed:
            self.requests.append(request)
            self._busy += 1
        return request

    def end(self, request: Request) -> None:
        """Note that a request is done with."""
        request.finished = time.perf_counter()
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()

    def wait_until_idle(self, seconds: float = 5.0) -> bool:
        """Whether every request is done with, at the latest after so many seconds.

        A client has the end of a reply a moment before `finished` is set.
        """
        with self._changed:
            return self._changed.wait_for(lambda: not self._busy, seconds)

    def complete(self, request: Request) -> Completion:
        """The reply to a request. Raises Refused."""
        self._check(request.body)
        plan = self._plan  # others may be set while this request is under way
        faults, random = plan.draw(request.schema, json.dumps(request.body, sort_keys=True))
        if instead := next((fault for fault in faults if fault.kind in INSTEAD), None):
            plan.release(*(fault for fault in faults if fault is not instead))
            return self._misbehaved(request, instead.kind)
        content = self._said(request)
        for fault in faults:
            content = self._with_fault(content, Scene(fault, request, random, self.sentences), plan)
        return self._completion(request, content)

    def _with_fault(self, content: str, scene: Scene, plan: FaultPlan) -> str:
        """What is said with one fault more; it is noted, but where there was nothing to spoil."""
        spoils = scene.fault.kind in SPOILS
        spoiled = spoil(content, scene) if spoils else content
        if spoils and spoiled == content:
            plan.release(scene.fault)
        else:
            scene.request.faults.append(scene.fault.kind)
        return spoiled

    def _misbehaved(self, request: Request, kind: FaultKind) -> Completion:
        request.faults.append(kind)
        if kind.startswith("status "):
            raise Refused(int(kind.removeprefix("status ")), "as told")
        return Completion(self.model)

    def _check(self, body: Mapping[str, object]) -> None:
        if body.get("model") != self.model:
            raise Refused(404, f"The model `{body.get('model')}` does not exist.", "model")
        if body.get("n") not in (None, 1):
            raise Refused(400, "Unsupported argument: 'n' above 1 is not supported.", "n")
        form = body.get("response_format")
        form_type = {str(form.get("type"))} if isinstance(form, dict) else set()
        if refused := sorted((set(body) | form_type) & set(self.refuses)):
            names = ", ".join(f"'{name}'" for name in refused)
            raise Refused(400, f"Unsupported argument: {names} is not supported by this server.", refused[0])

    def _said(self, request: Request) -> str:
        try:
            return written(self.rule(request))
        except Exception as error:  # told to the client, and to the test by `Request.error`
            request.error = f"{type(error).__name__}: {error}"
            raise Refused(500, request.error) from error

    def _completion(self, request: Request, content: str) -> Completion:
        cut = not {"truncated json", "endless whitespace"}.isdisjoint(request.faults)
        reasoning, content, reason = _fitted(self.think, content, _limit(request.body))
        request.content = content
        return Completion(
            model=self.model,
            content=content,
            reasoning=reasoning,
            finish_reason="length" if cut else reason,
            prompt_tokens=count_tokens("\n".join(texts(request.body))),
        )


def written(reply: Reply) -> str:
    """A reply as text."""
    if isinstance(reply, str):
        return reply
    if isinstance(reply, BaseModel):
        return reply.model_dump_json()
    return json.dumps(reply, ensure_ascii=False)


def _limit(body: Mapping[str, object]) -> int | None:
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    return limit if isinstance(limit, int) else None


def _fitted(reasoning: str, content: str, limit: int | None) -> tuple[str, str, str]:
    """What of both fits into so many tokens, and the finish reason. Thinking comes first."""
    thought = count_tokens(reasoning) if reasoning else 0
    if limit is None or thought + count_tokens(content) <= limit:
        return reasoning, content, "stop"
    return first_tokens(reasoning, limit), first_tokens(content, max(0, limit - thought)), "length"
