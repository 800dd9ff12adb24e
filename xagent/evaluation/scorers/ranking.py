"""Was the evidence that answers found, and how near the top? By ir_measures, as TREC counts it.

A ranking is of documents: the sources of the passages that were retrieved, each where it is first. Scorers
are None where the data does not say which documents are relevant, and raise MissingExtra when ir_measures is
not installed.
"""

from xagent.errors import MissingExtra
from xagent.evaluation.records import Record
from xagent.evaluation.samples import Scorer


def recall_at(k: int) -> Scorer:
    """The share of the relevant documents that are among the first `k`."""
    return lambda record: _measured(record, f"R@{k}")


def ndcg_at(k: int) -> Scorer:
    """The normalised discounted cumulative gain of the first `k` (Järvelin and Kekäläinen 2002)."""
    return lambda record: _measured(record, f"nDCG@{k}")


def reciprocal_rank(record: Record) -> float | None:
    """1 / the rank of the first relevant document; 0 when none is found."""
    return _measured(record, "RR")


def average_precision(record: Record) -> float | None:
    """The mean, over the relevant documents, of the precision at the rank of each; 0 for one not found."""
    return _measured(record, "AP")


def _measured(record: Record, name: str) -> float | None:
    if record.answer is None or not record.sample.relevant:
        return None
    try:
        import ir_measures
    except ImportError:
        raise MissingExtra("Measuring rankings", "eval") from None
    measure = ir_measures.parse_measure(name)
    sources = dict.fromkeys(passage.source for passage in record.answer.passages)
    judged = [ir_measures.Qrel("", source, 1) for source in set(record.sample.relevant)]
    ranked = [ir_measures.ScoredDoc("", source, -rank) for rank, source in enumerate(sources)]
    (found,) = ir_measures.iter_calc([measure], judged, ranked)
    return float(found.value)
