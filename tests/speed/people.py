"""A large file of made-up Americans, the same every time."""

import csv
import random
from pathlib import Path

AREA_CODES = """
201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 239 240
248 251 252 253 254 256 260 262 267 269 270 276 281 301 302 303 304 305 307 308 309 310 312 313 314
315 316 317 318 319 320 321 323 325 330 334 336 337 347 351 352 360 361 386 401 402 404 405 406 407
408 409 410 412 413 414 415 417 419 423 425 432 434 435 440 443 469 478 479 480 484 501 502 503 504
505 507 508 509 510 512 513 515
"""
FIRST_NAMES = (
    "Ada Ben Carmen Dele Esther Femi Greta Hugo Ines Jonas Kira Liam Mona Nils Ona Pia Quinn Rosa Said Tara"
)
LAST_NAMES = (
    "Abbott Boone Castro Dunn Ellis Ford Gupta Hale Irwin Jones Katz Lamb Moss Nash Owens Pratt Quick Ross"
)
CITIES = (
    "Albany,Boise,Camden,Dayton,El Paso,Fresno,Gary,Helena,Irving,Juneau,Kenosha,Laredo,Mobile,Norfolk,Omaha"
)
SHAPES = (
    *("+1{area}{exchange}{line}", "({area}) {exchange}-{line}", "{area}-{exchange}-{line}"),
    *("{area}{exchange}{line}", "1 {area} {exchange} {line}"),
)
SEED = 20_261_121


def write_people(path: Path, count: int) -> None:
    """A CSV file of `count` rows: valid, distinct US numbers in the shapes that people type, and 3 % without
    a first name."""
    rng = random.Random(SEED)
    areas, firsts, lasts = AREA_CODES.split(), FIRST_NAMES.split(), LAST_NAMES.split()
    seen: set[str] = set()
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["Phone", "First name", "Last name", "City"])
        while len(seen) < count:
            # Endings from 9700 on mean trouble to the simulated carrier.
            area, exchange, line = rng.choice(areas), f"{rng.randint(220, 998)}", f"{rng.randint(0, 9699):04}"
            if exchange == "555" or exchange.endswith("11") or area + exchange + line in seen:
                continue
            seen.add(area + exchange + line)
            phone = rng.choice(SHAPES).format(area=area, exchange=exchange, line=line)
            first = "" if rng.random() < 0.03 else rng.choice(firsts)
            rows.writerow([phone, first, rng.choice(lasts), rng.choice(CITIES.split(","))])
