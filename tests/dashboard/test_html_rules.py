"""The house rules find what they are there to find."""

import pytest

from tests.dashboard.html_rules import UNRESOLVED, faults

PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>Contacts · Carillon</title><link rel="stylesheet" href="/static/app.css"></head>
<body><main><h1>Contacts</h1>{}</main></body></html>"""


def test_page_in_order_has_no_faults() -> None:
    body = """
      <form method="post" action="/lists/"><input type="hidden" name="csrfmiddlewaretoken" value="x">
        <label for="name">Name</label><input id="name" name="name" required><br>
        <button type="submit">Save</button></form>
      <form action="/lists/"><label>Find <input name="q"></label><button>Find</button></form>
      <svg viewBox="0 0 1 1" aria-hidden="true"><use href="/icons.svg#x"></use><rect width="1"/></svg>
      <ul><li>One<li>Two</ul><table><tr><th>A<td>1<tr><th>B<td>2</table>
      <h2 id="p">Progress</h2><progress aria-labelledby="p" value="1" max="2">50%</progress>
      <textarea aria-label="Text">Hi {{ first_name }}</textarea><a href="/x"><img src="/a" alt=""> A</a>"""
    assert faults(PAGE.format(body)) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<h1>Second</h1>", "2 h1 and 1 titles"),
        ("<div><p>Never ended</div>text</p>", "</p> on line 3 while <main>"),
        ("<div>", "</main> on line 3 while <div> on line 3 is open"),
        ("<p><div>block</div></p>", "<div> on line 3 stands inside <p>"),
        ("<a href='/a'>a <a href='/b'>b</a></a>", "stands inside <a>"),
        ("<a href='/a'><button>x</button></a>", "stands inside <a>"),
        ('<p id="a"></p><p id="a"></p>', "the id 'a' is there 2 times"),
        ('<label for="gone">x</label>', "names the id 'gone', which is not there"),
        ('<p aria-describedby="gone">x</p>', "names the id 'gone', which is not there"),
        ('<p style="color:red">x</p>', "carries its own style"),
        ("<script>alert(1)</script>", "carries its own script"),
        ('<p onclick="x()">x</p>', "has onclick"),
        ('<form method="post" action="/"><button>x</button></form>', "posts without a CSRF token"),
        ('<form method="get"><button>x</button></form>', "has no action"),
        ('<form action="/x"><p>x</p></form>', "cannot be sent without scripts"),
        ('<input name="q">', "(name 'q') has no label"),
        ('<select name="s"><option>1</option></select>', "(name 's') has no label"),
        ('<img src="/x.png">', "has no alt"),
        ('<a href="/x"></a>', "has no words"),
        ('<a href="#">x</a>', "leads nowhere"),
        ("<a>x</a>", "leads nowhere"),
        ("<button> </button>", "has no words"),
        ('<progress value="1" max="2"></progress>', "has no name"),
        ("<h3>x</h3>", "a level is missing"),
        ("<table><tr><td>1</td></tr></table>", "has no header cells"),
        ('<img alt="" src="https://cdn.example/x.png">', "loads from elsewhere"),
        ('<p class="a" class="b">x</p>', "has an attribute twice"),
        ("<p>{{ name }}</p>", "template syntax in the page: {{ name }}"),
        (f"<p>Hello {UNRESOLVED}</p>", "a template variable does not exist"),
        (
            '<p class="badge-success">Sent</p>',
            "the class 'badge-success' is in badge.css, which is not loaded",
        ),
    ],
)
def test_finds(body: str, said: str) -> None:
    assert any(said in fault for fault in faults(PAGE.format(body)))


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("<html lang='en'>", "no doctype"),
        (PAGE.replace(' lang="en"', ""), "no language"),
        (PAGE.replace("<title>Contacts", "<title>Lists"), "does not start with the heading"),
        (PAGE.replace("main>", "div>"), "not exactly one main"),
    ],
)
def test_finds_in_the_head(page: str, said: str) -> None:
    assert any(said in fault for fault in faults(page))


def test_fragment_needs_no_head() -> None:
    assert faults('<div id="a"><h2>Counts</h2></div>', fragment=True) == []
