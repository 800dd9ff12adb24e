"""That vLLM itself understands what it is told: its own parser reads the arguments of every preset."""

import json
import subprocess

import pytest

from tests.serving.environments import TESTED, Failed, environ, prepared
from xagent.vllm.commandline import Choices, launches
from xagent.vllm.presets import EMBEDDERS, FAMILIES, PRESETS, RERANKERS

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

READ = """
import json, sys
from vllm.entrypoints.launchers.cli_args import make_arg_parser
from vllm.reasoning import ReasoningParserManager
from vllm.tool_parsers import ToolParserManager
from vllm.utils.argparse_utils import FlexibleArgumentParser
parser = make_arg_parser(FlexibleArgumentParser())
read = [parser.parse_args(["--model", *words]) for words in json.load(sys.stdin)]
told = ("model", "port", "max_model_len", "default_chat_template_kwargs", "enable_prefix_caching")
rows = [{name: getattr(one, name) for name in told} for one in read]
parsers = [ReasoningParserManager.list_registered(), ToolParserManager.list_registered()]
print("\\n" + json.dumps([rows, parsers]))
"""


def test_vllm_reads_the_arguments_of_every_preset_and_has_the_parsers_they_name() -> None:
    try:
        python = prepared("vllm")
    except Failed as failed:
        (pytest.fail if TESTED else pytest.skip)(str(failed))
    every = [
        launch
        for preset, embedder in zip(PRESETS, EMBEDDERS, strict=False)
        for launch in launches(
            Choices(preset.name, embedder=embedder.name, reranker=RERANKERS[0].name, data_parallel=2),
            [48.0] * 8,
        )
    ]
    words = json.dumps([[launch.model, *launch.arguments] for launch in every])
    done = subprocess.run(
        [python, "-c", READ], input=words, capture_output=True, text=True, env=environ(), check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    rows, (reasoning, tools) = json.loads(done.stdout.splitlines()[-1])
    assert [(row["model"], row["port"]) for row in rows] == [(one.model, one.port) for one in every]
    chats = [row for row, launch in zip(rows, every, strict=True) if launch.role == "chat"]
    assert [row["max_model_len"] for row in chats] == [preset.max_model_len for preset in PRESETS]
    assert all(row["default_chat_template_kwargs"] == {"enable_thinking": False} for row in chats)
    assert all(row["enable_prefix_caching"] for row in chats)
    for family in FAMILIES:
        assert family.reasoning_parser in reasoning
        assert family.tool_parser in tools
