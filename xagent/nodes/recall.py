"""What does the model know by itself, without any document?"""

from langgraph.runtime import Runtime

from xagent.context import Context
from xagent.errors import BudgetSpent, ReplyError
from xagent.instructions import in_language
from xagent.keeping import KeepTo
from xagent.prompts import fenced
from xagent.replies import Recollection
from xagent.state import Claim, State


async def recall(state: State, runtime: Runtime[Context]) -> dict[str, object]:
    """The model's answer from memory, with nothing to cite, which the reader is told."""
    instruction = in_language(state.answer_language, state.script)
    try:
        values = {"question": fenced(state.query), "instruction": instruction}
        keep = KeepTo(state.answer_language, ("sentences",), state.script)
        reply = await runtime.context.ask("recall", Recollection, values, keep=keep)
    except (ReplyError, BudgetSpent) as error:
        return {"failure": str(error)}
    claims = tuple(Claim(sentence.strip(), ()) for sentence in reply.sentences if sentence.strip())
    return {"claims": claims, "notice": "from_memory" if claims else ""}
