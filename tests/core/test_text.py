"""Text from files takes no effect on a terminal, in Markdown or in HTML."""

import re
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skseizure._core.text import markdown, markdown_code, one_line, printable, to_html

ANY = st.text(alphabet=st.characters(codec=None))


@given(ANY)
@example("\x1b]0;title\x07 \x9b2J \u202egnp.exe \u2028 \ud800 \udcff \ufeff")
def test_no_character_acts_on_a_terminal(text):
    shown = printable(text)
    shown.encode()
    for char in shown:
        assert unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp")
        assert unicodedata.category(char) != "Cf" or char in "\u200c\u200d"
    assert printable(shown) == shown  # what is shown once may be shown again


@pytest.mark.parametrize("text", ["chb01_03", "Müller, Œ", "患者", "می\u200cروم", "a b"])
def test_names_in_any_language_stay(text):
    assert printable(text) == text


def test_one_line():
    assert one_line("a\n  b\tc\x1b[1m") == "a b c\\x1b[1m"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("chb01_03", "chb01_03"),
        ("_a_", r"\_a\_"),
        ("a\n# b", r"a\\n# b"),
        ("[x](javascript:y)", r"\[x\](javascript:y)"),
        ("<b>|`&amp;", r"\<b\>\|\`\&amp;"),
        ("https://a.b www.c.d", r"https\://a.b www\.c.d"),
    ],
)
def test_markdown(text, shown):
    assert markdown(text) == shown


@given(st.text(alphabet="`a \n", min_size=1))
def test_code_in_markdown_ends_where_it_should(text):
    first, *inside, last = re.findall("`+", markdown_code(text))
    assert first == last and first not in inside


@given(ANY)
def test_html_shows_no_element(text):
    seen = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag, attributes):
            seen.append((tag, attributes))

        def handle_data(self, data):
            seen.append(data)

    parser = Parser()
    parser.feed(f'<p title="{to_html(text)}">{to_html(text)}</p>')
    parser.close()
    assert seen[0] == ("p", [("title", printable(text))])
    assert "".join(seen[1:]) == printable(text)
