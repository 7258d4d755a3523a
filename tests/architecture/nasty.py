"""Texts that cost somebody dear once, or would cost other programs dear."""

from tests.architecture.attacks import Attack

FIELDS = [("ab" * 30)[place % 7 :] + f"_{place}" for place in range(200)]
"""As many columns as a list may have, with names that are hard to compare."""


def _attack(*pieces: str | tuple[str]) -> Attack:
    """Texts stand as they are, those in brackets are repeated."""
    return Attack(tuple((piece, False) if isinstance(piece, str) else (piece[0], True) for piece in pieces))


NASTY = [
    _attack("{{ a|d", (" ",), '"t"', (" ",), "x }}"),
    _attack("{{ a", (" | upper",), " x }}"),
    _attack("{{ a", (" or b",), " }}"),
    _attack("{{ a", (" or ab",), ' or "x" }}'),
    _attack(("{{ a or b or c or d }}",)),
    _attack(('{{ a or "',)),
    _attack(("{{ “ab” }}",)),
    _attack(("{{ abababab }} ",)),
    _attack(("[ab] [ba] ",)),
    _attack(("*|a|* ",)),
    _attack(("{#",)),
    _attack(("{{ ",), "}}"),
    _attack("1e", (" ",), "x"),
    _attack("1", (",",), "x"),
    _attack("+", ("1 ",)),
    _attack("Origin: token", (" ",)),
    _attack(("token='",)),
    _attack("/webhooks/", ("a",)),
    _attack("sep=^\n^", (" ",), "x"),
    _attack("a", ("\u0300\u0316",)),
    _attack("\u0300\u0316", ("\u0344\u0345",)),
    _attack("//", ("\u0316\u0300",), "/x"),
    _attack(("각\u11a8",)),
    _attack("e", ("\ufdfa",)),
    _attack(("[",)),
    _attack(('{"a":',)),
    _attack('{"event": "/restapi/v1.0/account/', ("1",), '"}'),
    _attack('{"event": "//', ("\u0316\u0300",), '"}'),
    _attack('{"cost": ', ("1",), "}"),
    _attack('{"cost": "0.', ("1",), '"}'),
    _attack('{"a": "\\ud800', ("1",), '"}'),
    _attack("Mon, 01 Jan ", ("2",), " 00:00:00 GMT"),
    _attack(("--x\r\n",)),
    _attack(("--x\r\nA: b\r\n\r\n{}\r\n",)),
    _attack("--x\r\n", ("A: b\r\n",), "\r\n"),
    _attack("--x\r\nA: ", ("(",), "\r\n\r\n"),
    _attack("--x\r\nContent-Type: multipart/mixed; boundary=", ("=",), "\r\n\r\n"),
    _attack("--x\r\nContent-Disposition: a; ", ("a*0=b; ",), "\r\n\r\n"),
]
