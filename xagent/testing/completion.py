"""A model's reply as OpenAI's interface has it, whole and in pieces."""

from collections.abc import Iterator
from dataclasses import dataclass

Object = dict[str, object]


def count_tokens(text: str) -> int:
    """A stand-in for a tokenizer: four bytes of UTF-8 are a token, and there is at least one."""
    return max(1, -(-len(text.encode("utf-8", "surrogatepass")) // 4))


def first_tokens(text: str, count: int) -> str:
    """The beginning of `text` that is so many tokens by `count_tokens`, without half a letter at its end."""
    return text.encode("utf-8", "surrogatepass")[: 4 * count].decode("utf-8", "ignore")


class Refused(Exception):
    """A request that gets an error: its status, and what the error says."""

    def __init__(self, status: int, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.parameter = parameter

    def as_object(self) -> Object:
        """What is sent."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        error = {"message": str(self), "type": kind, "param": self.parameter, "code": self.status}
        return {"error": error}


@dataclass(frozen=True)
class Completion:
    """What a model says, and how its server is to send it."""

    model: str
    content: str = ""
    reasoning: str = ""
    finish_reason: str = "stop"
    prompt_tokens: int = 1

    def usage(self) -> Object:
        """The tokens, in and out; thinking counts."""
        out = count_tokens(self.content) + (count_tokens(self.reasoning) if self.reasoning else 0)
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": out,
            "total_tokens": self.prompt_tokens + out,
        }

    def whole(self) -> Object:
        """A reply in one."""
        message: Object = {"role": "assistant", "content": self.content}
        if self.reasoning:
            message["reasoning"] = self.reasoning
        choice = {"index": 0, "message": message, "finish_reason": self.finish_reason}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self.usage()}

    def chunks(self, letters: int, with_usage: bool) -> Iterator[Object]:
        """A reply in pieces of so many letters, thinking first, as vLLM sends it."""
        yield self.chunk({"role": "assistant", "content": ""})
        for field, text in (("reasoning", self.reasoning), ("content", self.content)):
            for start in range(0, len(text), letters):
                yield self.chunk({field: text[start : start + letters]})
        yield self.chunk({}, self.finish_reason)
        if with_usage:
            yield {**self._head("chat.completion.chunk"), "choices": [], "usage": self.usage()}

    def chunk(self, delta: Object, finish_reason: str | None = None) -> Object:
        """One piece."""
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return {**self._head("chat.completion.chunk"), "choices": [choice]}

    def _head(self, kind: str) -> Object:
        return {"id": "chatcmpl-fake", "object": kind, "created": 0, "model": self.model}
