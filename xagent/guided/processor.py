"""The plug-in itself: vLLM's `LogitsProcessor`, of its model runner V1, over the whole batch at once.

vLLM masks what a grammar forbids before it comes here, and minus infinity stays that whatever is added.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import torch
import xgrammar
from vllm.tokenizers import cached_tokenizer_from_config
from vllm.v1.sample.logits_processor import BatchUpdate, LogitsProcessor
from vllm.v1.sample.logits_processor.builtin import process_dict_updates

from xagent.guided.position import Position
from xagent.guided.preference import NAMES, Target, names, weights
from xagent.guided.request import Asked, asked
from xagent.guided.vocabulary import Vocabulary

if TYPE_CHECKING:
    from vllm import SamplingParams
    from vllm.config import VllmConfig


@dataclass
class Guided:
    """A request that asked to be guided, and how far it has come."""

    asked: Asked
    output: list[int]
    """vLLM's own list, which grows as it writes."""
    names: torch.Tensor
    """Tokens that may leave the language's script."""
    position: Position
    read: int = field(default=0)

    def catch_up(self, tokens: list[bytes]) -> None:
        """Read what has been written since the last time."""
        for n in self.output[self.read :]:
            if not 0 <= n < len(tokens):
                break  # not known yet: vLLM fills it in later
            self.position.read(tokens[n])
            self.read += 1


class Plan(NamedTuple):
    """What is added to the logits, until a request comes to another place."""

    state: tuple[tuple[int, int], ...]
    """Indices in the batch, and rows of the table of weights."""
    batch: torch.Tensor
    """The indices."""
    added: torch.Tensor
    """Requests x vocabulary."""


class LanguageGuide(LogitsProcessor):  # type: ignore[misc]
    """Keeps to the language that a request's `vllm_xargs` names, and leaves all other requests alone."""

    @classmethod
    def validate_params(cls, sampling_params: "SamplingParams") -> None:
        """Raise ValueError, which vLLM answers with status 400, for an unknown language or strength."""
        asked(sampling_params.extra_args)

    def __init__(self, vllm_config: "VllmConfig", device: torch.device, _is_pin_memory: bool) -> None:
        model = vllm_config.model_config
        self._vocabulary = read_vocabulary(cached_tokenizer_from_config(model), model.get_vocab_size())
        self._device = device
        self._requests: dict[int, Guided] = {}
        self._rows: dict[tuple[Target, bytes], int] = {}
        self._places: dict[int, int] = {}
        self._table = torch.zeros((0, len(self._vocabulary)), dtype=torch.float32, device=device)
        self._plan: Plan | None = None

    def is_argmax_invariant(self) -> bool:
        """False: it changes which token is likeliest."""
        return False

    def update_state(self, batch_update: BatchUpdate | None) -> None:
        """Take in the requests that have come, gone and moved."""
        if process_dict_updates(self._requests, batch_update, self._admitted):
            self._plan = None

    def _admitted(
        self, params: "SamplingParams", prompt: list[int] | None, output: list[int]
    ) -> Guided | None:
        wanted = asked(params.extra_args)
        if wanted is None:
            return None
        leaving = self._vocabulary.leaving(wanted.target.scripts)
        may = [n for n in sorted(names(self._vocabulary, prompt or ())) if leaving[n]]
        may_leave = torch.tensor(may, device=self._device, dtype=torch.int64)
        return Guided(wanted, output, may_leave, Position(wanted.fields))

    def apply(self, logits: torch.Tensor) -> torch.Tensor:
        """Add each guided request's weights to its row of `logits` (requests x vocabulary), in place."""
        plan = self._planned() if self._requests else None
        if plan is not None and plan.state:
            logits.index_add_(0, plan.batch, plan.added.to(logits.dtype))
        return logits

    def _planned(self) -> Plan:
        """The plan for where the requests are now; the one before, when they are where they were."""
        for request in self._requests.values():
            request.catch_up(self._vocabulary.tokens)
        state = tuple(
            (index, self._row(request.asked.target, request.position.begun))
            for index, request in self._requests.items()
            if request.position.open
        )
        if self._plan is None or self._plan.state != state:
            self._plan = self._new_plan(state)
        return self._plan

    def _new_plan(self, state: tuple[tuple[int, int], ...]) -> Plan:
        batch = torch.tensor([index for index, _ in state], device=self._device, dtype=torch.int64)
        rows = torch.tensor([row for _, row in state], device=self._device, dtype=torch.int64)
        among = [self._requests[index] for index, _ in state]
        added = self._table[rows]
        for place, request in enumerate(among):
            if not request.position.begun:  # a name spoils the character that is begun
                added[place, request.names] += NAMES
        strengths = torch.tensor([one.asked.strength for one in among], device=self._device)
        return Plan(state, batch, added * strengths.unsqueeze(1))

    def _row(self, to: Target, begun: bytes) -> int:
        """Where the table has the weights for a language, within a character that is begun."""
        key = to, begun
        if key not in self._rows:
            row = weights(self._vocabulary, to, begun)
            # Within most characters it makes no difference which it is: such rows are alike.
            place = self._places.setdefault(hash(row.tobytes()), len(self._table))
            if place == len(self._table):
                self._table = torch.cat((self._table, torch.from_numpy(row).to(self._device).unsqueeze(0)))
            self._rows[key] = place
        return self._rows[key]


def read_vocabulary(tokenizer: object, size: int) -> Vocabulary:
    """A tokenizer's tokens as bytes, after xgrammar, which knows how each kind writes them."""
    known = xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=size)
    special = {*getattr(tokenizer, "all_special_ids", ()), *known.special_token_ids}
    return Vocabulary(list(known.decoded_vocab), special)
