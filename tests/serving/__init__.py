"""Real OpenAI-compatible servers with a small model: vLLM on the CPU and llama.cpp, for integration tests."""
