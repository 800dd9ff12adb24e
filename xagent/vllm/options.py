"""The options of `xagent vllm`; each is an `XAGENT_VLLM_*` variable too."""

from typing import Annotated

import typer

Preset = Annotated[
    str,
    typer.Option(
        "--preset",
        envvar="XAGENT_VLLM_PRESET",
        help="small, medium, large or xl. [default: the largest that fits]",
    ),
]
Model = Annotated[
    str,
    typer.Option(
        "--model", envvar="XAGENT_VLLM_MODEL", help="A Hugging Face name or a folder, not a preset."
    ),
]
Embedder = Annotated[
    str,
    typer.Option(
        "--with-embedder",
        envvar="XAGENT_VLLM_WITH_EMBEDDER",
        help="Serve an embedder beside it, on the next port: bge-m3, harrier-0.6b, ...",
    ),
]
Reranker = Annotated[
    str,
    typer.Option(
        "--with-reranker",
        envvar="XAGENT_VLLM_WITH_RERANKER",
        help="Serve a reranker beside it, two ports on: bge-reranker-v2-m3.",
    ),
]
Host = Annotated[str, typer.Option("--host", envvar="XAGENT_VLLM_HOST", help="The address to listen on.")]
Port = Annotated[int, typer.Option("--port", envvar="XAGENT_VLLM_PORT", min=1, max=65_533, help="Its port.")]
TensorParallel = Annotated[
    int,
    typer.Option(
        "--tensor-parallel-size",
        envvar="XAGENT_VLLM_TENSOR_PARALLEL_SIZE",
        min=0,
        help="GPUs that share one copy of the model; 0 for as many as it needs.",
    ),
]
DataParallel = Annotated[
    int,
    typer.Option(
        "--data-parallel-size",
        envvar="XAGENT_VLLM_DATA_PARALLEL_SIZE",
        min=1,
        help="Copies of the model, behind the one port.",
    ),
]
MaxModelLen = Annotated[
    int,
    typer.Option(
        "--max-model-len",
        envvar="XAGENT_VLLM_MAX_MODEL_LEN",
        min=0,
        help="Tokens of prompt and answer together; 0 for what the preset or the model has.",
    ),
]
LoadFormat = Annotated[
    str,
    typer.Option(
        "--load-format",
        envvar="XAGENT_VLLM_LOAD_FORMAT",
        help="How weights are read; 'dummy' makes them up, for a trial without a download.",
    ),
]
GpuMemory = Annotated[
    float,
    typer.Option(
        "--gpu-memory",
        envvar="XAGENT_VLLM_GPU_MEMORY",
        min=0,
        help="GiB of each GPU, where nvidia-smi cannot tell; 0 asks it.",
    ),
]
ApiKey = Annotated[
    str,
    typer.Option(
        "--api-key",
        envvar="XAGENT_API_KEY",
        help="The key it asks for; as an argument others on this machine can read it. [default: one is made]",
    ),
]
NoKey = Annotated[bool, typer.Option("--no-key", envvar="XAGENT_VLLM_NO_KEY", help="Ask for no key.")]
NoGuide = Annotated[
    bool,
    typer.Option(
        "--no-guide",
        envvar="XAGENT_VLLM_NO_GUIDE",
        help="Leave out what can keep an answer in its language while it is written.",
    ),
]
Detach = Annotated[
    bool, typer.Option("--detach", envvar="XAGENT_VLLM_DETACH", help="Leave it running in the background.")
]
Wait = Annotated[
    bool,
    typer.Option("--wait", envvar="XAGENT_VLLM_WAIT", help="With --detach: return when it is ready."),
]
Print = Annotated[
    bool,
    typer.Option("--print", envvar="XAGENT_VLLM_PRINT", help="Print the commands, and start nothing."),
]
StopPort = Annotated[
    int,
    typer.Option("--port", envvar="XAGENT_VLLM_STOP_PORT", min=0, help="Only the server on this port."),
]
