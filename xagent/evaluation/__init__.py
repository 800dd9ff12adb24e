"""How well does a model, with a graph, serve which languages? Suites are run, scored and reported here."""
