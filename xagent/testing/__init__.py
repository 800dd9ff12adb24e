"""Fakes for tests, ours and yours: a model and an embedding server that can misbehave, documents in one call.

>>> from xagent.testing import ModelServer, ScriptedModel, EmbeddingServer, agent_over
"""

from xagent.testing.documents import agent_over
from xagent.testing.embedding_server import EmbeddingFault, EmbeddingServer
from xagent.testing.faults import FAULTS, Fault, FaultKind
from xagent.testing.model_server import ModelServer
from xagent.testing.natural_sentences import Sentences
from xagent.testing.prompt import SCHEMAS, PromptPassage
from xagent.testing.request import Reply, Request
from xagent.testing.rules import Rule, combined, default_rule
from xagent.testing.script import Line, ScriptedModel

__all__ = [
    "FAULTS",
    "SCHEMAS",
    "EmbeddingFault",
    "EmbeddingServer",
    "Fault",
    "FaultKind",
    "Line",
    "ModelServer",
    "PromptPassage",
    "Reply",
    "Request",
    "Rule",
    "ScriptedModel",
    "Sentences",
    "agent_over",
    "combined",
    "default_rule",
]
