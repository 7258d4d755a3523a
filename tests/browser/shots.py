"""Takes a picture of every page: light, dark and as wide as a phone. `make shots` puts them into shots/."""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser import chromium, walk
from tests.support.running_site import ROOT, Site, running_site

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


def take(page: Page, states: Iterator[str], folder: Path) -> None:
    for name in states:
        page.wait_for_load_state()
        for variant, scheme, size in (
            ("light", "light", WIDE),
            ("dark", "dark", WIDE),
            ("phone", "light", PHONE),
        ):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            page.screenshot(path=folder / f"{name}-{variant}.png", full_page=True)
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]
        print(f"  {name}", flush=True)


WALKS: dict[str, tuple[Callable[[Site, Page], Iterator[str]], ...]] = {
    "empty": (walk.doors, walk.empty),
    "demo": (walk.demo, walk.sending, walk.carrier, walk.reply, walk.undecided),
}
ARGUMENTS = {"empty": ["--no-demo"], "demo": []}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make shots", description=__doc__)
    parser.add_argument("--into", type=Path, default=ROOT / "shots")
    parser.add_argument("--only", choices=WALKS, help="of a site that is empty, or of one with demo data")
    options = parser.parse_args()
    options.into.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium.launch_arguments())
        for which in [options.only] if options.only else WALKS:
            with running_site(Path(scratch) / which, *ARGUMENTS[which], env=walk.SMALL_BATCHES) as site:
                page = browser.new_page()
                for states in WALKS[which]:
                    take(page, states(site, page), options.into)
        browser.close()


if __name__ == "__main__":
    main()
