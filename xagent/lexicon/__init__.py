"""Words for the same things in many languages, so that a question finds what is said in another.

`concepts.txt` lists what there are words for, and a file a language says them (entries.py, names.py). A
`Dictionary` finds concepts in running text, and a `Lexicon` turns a query into the words of another language.
"""
