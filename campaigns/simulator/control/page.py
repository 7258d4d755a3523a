"""The page that shows the carrier's state to a person."""

from campaigns.simulator.api.platform import Platform
from campaigns.simulator.control.html import format_moment
from campaigns.simulator.control.sections import SECTIONS
from campaigns.simulator.http_types import Request, Response

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif;
  --ground: light-dark(#f6f7f9, #14171c); --card: light-dark(#fff, #1d2128);
  --line: light-dark(#dde1e7, #343a45); --faint: light-dark(#5a6472, #a3adba);
  --accent: light-dark(#1a5fb4, #7db2ff) }
body { margin: 0; background: var(--ground) }
main { max-width: 76rem; margin: 0 auto; padding: 1.5rem 1rem 4rem }
h1 { margin: 0 } h2 { margin: 2rem 0 .5rem; font-size: 1.15rem }
p { margin: .25rem 0; color: var(--faint) }
a { color: var(--accent) }
dl { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.25rem 0 }
dl div, .table, form { background: var(--card); border: 1px solid var(--line); border-radius: .5rem }
dl div { padding: .6rem 1rem; min-width: 7rem }
dt { color: var(--faint) } dd { margin: 0; font-size: 1.4rem; font-weight: 600 }
.table { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .4rem .9rem; white-space: nowrap }
th { color: var(--faint); font-weight: 500 }
tbody tr { border-top: 1px solid var(--line) }
.n { text-align: right; font-variant-numeric: tabular-nums }
.wide { white-space: pre-wrap; overflow-wrap: anywhere; min-width: 14rem }
form { padding: 1rem; display: flex; flex-wrap: wrap; gap: .75rem; align-items: end }
label { display: grid; color: var(--faint) } label.wide { flex: 1 }
input, select, button { font: inherit; padding: .35rem .6rem }
"""


def show_page(platform: Platform, _: Request, __: tuple[str, ...]) -> Response:
    body = (
        "<h1>Simulated carrier</h1>"
        f"<p>No text leaves this machine. It is {format_moment(platform.clock.now())} UTC here. "
        f'Texts go out at {platform.options.speed:,g} times the real speed. <a href="/">Look again</a></p>'
        + "".join(section(platform) for section in SECTIONS)
    )
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Simulated carrier</title>'
        f"<style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )
    return Response(200, html.encode(), "text/html;charset=utf-8")
