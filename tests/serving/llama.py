"""Serve a GGUF file with llama.cpp's server until SIGTERM: `python llama.py GGUF NAME PORT`."""

import os
import signal
import sys

import xllamacpp

SLOTS, CONTEXT = 4, 4096


def parameters(gguf: str, name: str, port: int) -> object:
    """Four requests at once of 4,096 tokens each, on half the cores: the tests need the rest."""
    chosen = xllamacpp.CommonParams()
    chosen.model.path, chosen.model_alias = gguf, [name]
    chosen.hostnames, chosen.port = ["127.0.0.1"], port
    chosen.n_parallel, chosen.n_ctx = SLOTS, SLOTS * CONTEXT
    threads = max(1, (os.cpu_count() or 1) // 2)
    chosen.cpuparams.n_threads = chosen.cpuparams_batch.n_threads = threads
    chosen.cache_ram_mib = chosen.verbosity = 0
    chosen.ui, chosen.endpoint_metrics = False, True
    return chosen


if __name__ == "__main__":
    server = xllamacpp.Server(parameters(sys.argv[1], sys.argv[2], int(sys.argv[3])))
    signal.sigwait([signal.SIGTERM])
