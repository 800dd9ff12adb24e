"""The steps of a graph, one a file, each a function of the state named as its node."""
