"""Questions that passages answer, kept in the catalog with them: to be found by, never to be shown."""

import json
from collections.abc import Iterable, Mapping, Sequence

from xagent.catalog import Catalog
from xagent.passages import Passage


class KeptQuestions:
    """The questions of a catalog's passages, by key; they go when their passage does.

    Raises as `Catalog` does.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def of(self, keys: Iterable[int]) -> dict[int, tuple[str, ...]]:
        """The questions of those of these passages that have any."""
        wanted = list(keys)
        found: dict[int, tuple[str, ...]] = {}
        for batch in (wanted[i : i + 500] for i in range(0, len(wanted), 500)):
            marks = ",".join("?" * len(batch))
            rows = self._catalog.rows(
                f"SELECT passage, texts FROM questions WHERE passage IN ({marks})", batch
            )
            found.update((int(str(key)), tuple(json.loads(str(texts)))) for key, texts in rows)
        return {key: texts for key, texts in found.items() if texts}

    def keep(self, questions: Mapping[int, Sequence[str]], wanted: int) -> None:
        """Put the questions of passages in the place of those they had; `wanted` were asked for of each.

        The passages are PENDING from then on: a writer, this or the next, indexes them with their questions.
        """
        rows = [
            (key, wanted, json.dumps(list(texts), ensure_ascii=False)) for key, texts in questions.items()
        ]
        with self._catalog.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO questions VALUES (?, ?, ?)", rows)
            connection.executemany(
                "UPDATE passages SET state = 0 WHERE key = ? AND state = 1", [row[:1] for row in rows]
            )

    def without(self, passages: Sequence[Passage], wanted: int) -> list[Passage]:
        """Those of a page of passages of which fewer than `wanted` questions were asked for so far."""
        rows = self._catalog.rows(
            "SELECT passage FROM questions WHERE wanted >= ? AND passage BETWEEN ? AND ?",
            (wanted, min(p.key for p in passages), max(p.key for p in passages)),
        )
        done = {int(str(key)) for (key,) in rows}
        return [passage for passage in passages if passage.key not in done]
