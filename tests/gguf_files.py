"""GGUF files without weights: the header that converters write, and what can be wrong with it."""

import struct

NAMES = ["نموذج", "מודל", "मॉडल", "模型", "モデル", "แบบจำลอง", "Şablon", "Kielimalli", "Kielelezo", "Àwòṣe"]


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def field(name: str, kind: int, value: bytes) -> bytes:
    return text(name) + struct.pack("<I", kind) + value


def words(values: list[str]) -> bytes:
    return struct.pack("<IQ", 8, len(values)) + b"".join(map(text, values))


def tensor(*shape: int) -> bytes:
    return text("w") + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, 0)


def gguf(*tensors: bytes, context: int = 4096, more: tuple[bytes, ...] = (), version: int = 3) -> bytes:
    """A file's header as converters write it: with words in several scripts, and lists to be passed over."""
    fields = [
        field("general.architecture", 8, text("llama")),
        field("tokenizer.ggml.tokens", 9, words(NAMES)),
        field("tokenizer.ggml.scores", 9, struct.pack("<IQ3f", 6, 3, 0.5, 1, 2)),
        field("llama.context_length", 4, struct.pack("<I", context)),
        *more,
    ]
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(fields))
    return head + b"".join(fields) + b"".join(tensors)
