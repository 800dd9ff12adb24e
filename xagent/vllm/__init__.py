"""How is a local model served? `xagent vllm` starts, watches and stops vLLM."""
