"""Every error xagent raises on purpose. Each message says, in one line, what to do.

XagentError                 exit code 1
├── InputError              exit code 2: what was asked for cannot be done as asked
│   ├── EmptyQuestion       nothing to answer
│   ├── QuestionTooLong     more text than a question can hold
│   ├── UnknownLanguage     no language has this code
│   ├── UnknownName         no graph, prompt or suite has this name
│   ├── BadPrompt           a prompt file does not have the variables its node fills in
│   └── BadGlossary         a table of terms cannot be read
├── FileError               one file could not be read; ingest names it and goes on
├── StoreError              the store cannot be used
│   ├── StoreMissing        there is no store here yet
│   ├── StoreBusy           another process is writing
│   ├── StoreVersion        made by a newer xagent
│   ├── StoreDamaged        a part of it cannot be read
│   ├── StoreFull           the disk has no room left
│   └── EmbedderMismatch    made with another embedder
├── ModelError              a model was asked in vain
│   ├── EndpointError       its server did not answer, or not as agreed
│   ├── NoModel             no model is configured, and none was found
│   ├── ReplyError          its reply cannot be used
│   └── BudgetSpent         what the question may cost is spent
├── ServerMissing           exit code 4: no program that serves models is installed
└── MissingExtra            an optional dependency is not installed
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xagent.answer import ModelCall


class XagentError(Exception):
    """The root: catch this to catch everything xagent raises on purpose."""

    exit_code = 1
    calls: tuple["ModelCall", ...] = ()
    """The requests to models that a question had made before it failed."""


class InputError(XagentError):
    """What was asked for cannot be done as asked; ask for something else."""

    exit_code = 2


class EmptyQuestion(InputError):
    """The question has no letter or digit in it; write one."""


class QuestionTooLong(InputError):
    """The question is longer than a question can be; put long text into a document."""


class UnknownLanguage(InputError):
    """No language has this code or name; `xagent languages --all` lists them."""


class UnknownName(InputError):
    """No graph, prompt or suite has this name; the message lists those there are."""


class BadPrompt(InputError):
    """A prompt file is not as its node needs it; the message names what differs."""


class BadGlossary(InputError):
    """A table of terms is not as it should be; the message names the row."""


class FileError(XagentError):
    """One file could not be read; the message says why, without the file's name."""


class StoreError(XagentError):
    """The store cannot be used as it is."""


class StoreMissing(StoreError):
    """There is no store at this path; make one with `xagent ingest`."""


class StoreBusy(StoreError):
    """Another process is writing to the store; wait for it, or use `--wait`."""


class StoreVersion(StoreError):
    """The store was made by a newer xagent; upgrade, or ingest into a new one."""


class StoreDamaged(StoreError):
    """A part of the store cannot be read; `xagent doctor --repair` rebuilds it."""


class StoreFull(StoreError):
    """The disk is full; free some room and ingest again, nothing is lost."""


class EmbedderMismatch(StoreError):
    """The store was made with another embedder; use that one, or a new store."""


class ModelError(XagentError):
    """A model was asked in vain; what was verified before is still an answer, in part."""


class EndpointError(ModelError):
    """A server could not be reached, or its reply was not what its interface promises."""


class NoModel(ModelError):
    """A graph needs a model and there is none; start a server, or name one with XAGENT_MODEL_URL."""


class ReplyError(ModelError):
    """The model's reply is not what was asked for, also when asked again."""


class BudgetSpent(ModelError):
    """The calls, tokens or seconds that one question may cost are spent; allow more."""


class ServerMissing(XagentError):
    """The program that serves models is not installed; the message says what can be done instead."""

    exit_code = 4


class MissingExtra(XagentError):
    """An optional dependency is missing; the message names the extra to install."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an extra: pip install 'xagent[{extra}]'")
