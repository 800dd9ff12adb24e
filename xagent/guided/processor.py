"""The plug-in itself: vLLM's `LogitsProcessor`, of its model runner V1, over the whole batch at once.

vLLM masks what a grammar forbids before it comes here, and minus infinity stays that whatever is added.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
import xgrammar
from vllm.tokenizers import cached_tokenizer_from_config
from vllm.v1.sample.logits_processor import BatchUpdate, LogitsProcessor
from vllm.v1.sample.logits_processor.builtin import process_dict_updates

from xagent.guided.position import Position
from xagent.guided.preference import Names, Target, names, weights
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
    names: Names
    """What may leave the language's script."""
    position: Position
    read: int = field(default=0)

    def catch_up(self, tokens: list[bytes]) -> None:
        """Read what has been written since the last time."""
        for n in self.output[self.read :]:
            if not 0 <= n < len(tokens):
                break  # not known yet: vLLM fills it in later
            self.position.read(tokens[n])
            self.read += 1

    def may_leave(self) -> frozenset[int]:
        """The tokens that may leave the script here: what begins a name, or goes on with it."""
        if self.position.begun:  # it would spoil the character that is begun
            return frozenset()
        last = self.output[self.read - 1] if self.read else -1
        return self.names.beginnings | self.names.following.get(last, frozenset())


State = tuple[int, int, frozenset[int]]
"""Where a request is: its index in the batch, its row of the table of weights, tokens that may be names."""


@dataclass
class Plan:
    """What is added to the logits."""

    state: list[State]
    batch: torch.Tensor
    """The indices in the batch of those that are to keep to their language now."""
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
        return Guided(wanted, output, names(self._vocabulary, prompt or ()), Position(wanted.fields))

    def apply(self, logits: torch.Tensor) -> torch.Tensor:
        """Add each guided request's weights to its row of `logits` (requests x vocabulary), in place."""
        plan = self._planned() if self._requests else None
        if plan is not None and plan.state:
            logits.index_add_(0, plan.batch, plan.added.to(logits.dtype))
        return logits

    def _planned(self) -> Plan:
        """The plan for where the requests are now: the one before, revised where one has moved on."""
        for request in self._requests.values():
            request.catch_up(self._vocabulary.tokens)
        state = [
            (index, self._row(request.asked.target, request.position.begun), request.may_leave())
            for index, request in self._requests.items()
            if request.position.open
        ]
        if self._plan is None or [one[0] for one in self._plan.state] != [one[0] for one in state]:
            batch = self._numbers([index for index, _, _ in state])
            self._plan = Plan(state, batch, self._added(state))
        elif moved := [n for n, one in enumerate(state) if one != self._plan.state[n]]:
            self._plan.added.index_copy_(0, self._numbers(moved), self._added([state[n] for n in moved]))
            self._plan.state = state
        return self._plan

    def _added(self, state: list[State]) -> torch.Tensor:
        """What is added for requests that are there, a row each."""
        added = self._table[self._numbers([row for _, row, _ in state])]
        may = [(place, n) for place, (_, _, tokens) in enumerate(state) for n in tokens]
        names = self._numbers([place for place, _ in may]), self._numbers([n for _, n in may])
        added[names] = added[names].clamp(min=0.0)
        strengths = [self._requests[index].asked.strength for index, _, _ in state]
        return added.mul_(torch.tensor(strengths, device=self._device).unsqueeze(1))

    def _numbers(self, values: list[int]) -> torch.Tensor:
        return torch.tensor(values, device=self._device, dtype=torch.int64)

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
