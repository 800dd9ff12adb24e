"""Serve a model's file with llama.cpp: `python embedded_server.py GGUF NAME SLOTS CONTEXT THREADS`.

It prints where it answers, on a port of this machine alone, and ends with its standard input: that is, with
the process which started it. It imports nothing of xagent: `xagent.embedded` runs it by its path.
"""

import os
import signal
import sys
import time
from importlib import import_module
from typing import Any


def parameters(gguf: str, name: str, slots: int, context: int, threads: int) -> Any:
    """llama.cpp's: so many requests at once of `context` tokens each; its own choice where one is 0."""
    chosen = import_module("xllamacpp").CommonParams()
    chosen.model.path, chosen.model_alias = gguf, [name]
    chosen.n_parallel, chosen.n_ctx = slots, slots * context
    if threads:
        chosen.cpuparams.n_threads = chosen.cpuparams_batch.n_threads = threads
    chosen.hostnames, chosen.port, chosen.offline = ["127.0.0.1"], 0, True
    chosen.cache_ram_mib, chosen.verbosity = 0, 1  # errors, on standard error
    # A page in a browser of this machine could ask, too: it gets to read neither answers nor prompts.
    chosen.ui, chosen.endpoint_slots, chosen.cors_origins = False, False, ""
    return chosen


def main(gguf: str, name: str, slots: str, context: str, threads: str) -> None:
    """Serve until standard input ends. Raises RuntimeError, once it is logged why, when it does not load."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends an answer, not the model
    chosen = parameters(gguf, name, int(slots), int(context), int(threads))
    try:
        server = import_module("xllamacpp").Server(chosen)
    except RuntimeError:
        time.sleep(0.5)  # the log is written by a thread, for which nothing else waits
        raise
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.buffer.read()
    os._exit(0)  # to free the model would wait for the answers that are being written


if __name__ == "__main__":
    main(*sys.argv[1:])
