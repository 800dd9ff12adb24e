"""Text search with one other library, as `peers.py` runs it in that library's environment.

    python peer_rankings.py PEER TASK.json MADE.json

The task is `{language: {"paragraphs": [text], "questions": [text]}}`; what is made is, for each language,
a list for each question of pairs of paragraph and score, best first, those with a score above 0 only.
Nothing of xagent is imported here.
"""

import json
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

DEPTH = 10

Search = Callable[[str], list[tuple[int, float]]]


def langchain(paragraphs: Sequence[str]) -> Search:
    """BM25Retriever: `text.split()`. It returns as many as asked for even if nothing matches."""
    retriever = import_module("langchain_community.retrievers").BM25Retriever.from_texts(
        list(paragraphs), metadatas=[{"n": n} for n in range(len(paragraphs))], k=DEPTH
    )

    def search(question: str) -> list[tuple[int, float]]:
        scores = retriever.vectorizer.get_scores(retriever.preprocess_func(question))
        found = [document.metadata["n"] for document in retriever.invoke(question)]
        return [(n, float(scores[n])) for n in found]

    return search


def haystack(paragraphs: Sequence[str]) -> Search:
    """InMemoryBM25Retriever: words as `\\w` has them, and each character of Chinese, Japanese and Korean."""
    document = import_module("haystack").Document
    store = import_module("haystack.document_stores.in_memory").InMemoryDocumentStore()
    store.write_documents([document(content=text, meta={"n": n}) for n, text in enumerate(paragraphs)])
    retrievers = import_module("haystack.components.retrievers.in_memory")
    retriever = retrievers.InMemoryBM25Retriever(document_store=store, top_k=DEPTH)
    return lambda question: [
        (d.meta["n"], float(d.score)) for d in retriever.run(query=question)["documents"]
    ]


def llamaindex(paragraphs: Sequence[str]) -> Search:
    """BM25Retriever: words of two letters and more, stemmed as English; it ranks the rest at 0."""
    node = import_module("llama_index.core.schema").TextNode
    retriever = import_module("llama_index.retrievers.bm25").BM25Retriever.from_defaults(
        nodes=[node(text=text, id_=str(n)) for n, text in enumerate(paragraphs)], similarity_top_k=DEPTH
    )
    return lambda question: [
        (int(hit.node.node_id), float(hit.score)) for hit in retriever.retrieve(question)
    ]


def txtai(paragraphs: Sequence[str]) -> Search:
    """A keyword index: words by Unicode's rules (UAX 29)."""
    index = import_module("txtai").Embeddings(keyword=True)
    index.index(list(enumerate(paragraphs)))
    return lambda question: [(int(n), float(score)) for n, score in index.search(question, DEPTH)]


def txtai_legacy(paragraphs: Sequence[str]) -> Search:
    """BM25 over what `Tokenizer.tokenize` gives, the default where there is no keyword index."""
    settings = {"method": "bm25", "terms": True, "tokenizer": {"alphanum": True, "stopwords": True}}
    scoring = import_module("txtai.scoring").ScoringFactory.create(settings)
    scoring.index([(n, text, None) for n, text in enumerate(paragraphs)])
    return lambda question: [(int(n), float(score)) for n, score in scoring.search(question, DEPTH) or []]


PEERS: dict[str, Callable[[Sequence[str]], Search]] = {
    "langchain": langchain,
    "haystack": haystack,
    "llamaindex": llamaindex,
    "txtai": txtai,
    "txtai_legacy": txtai_legacy,
}


def rankings(peer: str, paragraphs: Sequence[str], questions: Sequence[str]) -> list[list[tuple[int, float]]]:
    """What the peer finds for each question."""
    search = PEERS[peer](paragraphs)
    return [[(n, score) for n, score in search(question) if score > 0] for question in questions]


def main() -> None:
    peer, given, made = sys.argv[1:]
    task = json.loads(Path(given).read_text("utf-8"))
    found = {
        language: rankings(peer, texts["paragraphs"], texts["questions"]) for language, texts in task.items()
    }
    Path(made).write_text(json.dumps(found), "utf-8")


if __name__ == "__main__":
    main()
