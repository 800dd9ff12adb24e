"""What is saved is shown by Markdown as it was said, whatever it was."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from xagent.terminal import clean
from xagent.transcript import escaped

MARKUP = st.sampled_from(
    [*"\\`*_[]<>&#~$|-+=:!()1.\"' \t\n", "אב", "अ", "ก", "中", "&amp;", "<b>", "](", "```", "  \n"]
)


def shown(text: str) -> list[str]:
    """The lines that a reader sees; fails when any of it is taken for markup."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    assert {token.type for token in tokens} <= {"paragraph_open", "inline", "paragraph_close"}, tokens
    return [line for token in tokens for line in inline(token.children or [])]


def inline(tokens: list[Token]) -> list[str]:
    assert {token.type for token in tokens} <= {"text", "text_special", "hardbreak"}, tokens
    return (
        "".join("\n" if token.type == "hardbreak" else token.content for token in tokens).split("\n")
        if tokens
        else []
    )


def lines(text: str) -> list[str]:
    return [line.strip() for line in clean(text).split("\n") if line.strip()]


@settings(deadline=None)
@given(st.lists(MARKUP).map("".join) | st.text())
def test_what_is_escaped_is_shown_as_it_is(text: str) -> None:
    assert shown(escaped(text)) == lines(text)


@pytest.mark.parametrize(
    "text",
    [
        "# عنوان\nسطر",
        "1874. évben\n- ג'\n+ 5",
        "१. पहला",
        "[1]: http://example.org 'x'\n[1]",
        "![x](http://example.org/p.png)<img src=x>",
        "C# &lt;b&gt; **太字** `コード` ~~ลบ~~",
        "a | b\n--|--\n1 | 2",
        "Kichwa\n===\n---",
        "    imechongwa\n\tgirinti",
    ],
)
def test_no_markup_of_a_document_is_markup(text: str) -> None:
    assert shown(escaped(text)) == lines(text)
