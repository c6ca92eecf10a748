"""What is sent for one request target: made once, so that a request costs no building."""

from __future__ import annotations

_PIECE = b"concurrency-testbed\n"


class Template:
    """The bytes of a request, in parts; `host` is the value of its Host header."""

    def __init__(self, url: str, host: str, method: str = "GET", body_bytes: int = 0) -> None:
        head = f"{method} {url} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n"
        if method == "POST":
            kind = "Content-Type: application/octet-stream\r\n" if body_bytes else ""
            head += f"{kind}Content-Length: {body_bytes}\r\n"
        self.host = host
        self.head = head.encode()
        self.body = body_of(body_bytes)

    def unasked(self, *lines: bytes) -> bytes:
        """The whole request, with header lines more."""
        return b"%b%b\r\n%b" % (self.head, b"".join(lines), self.body)

    def asked(self, *lines: bytes) -> bytes:
        """A format of the request that asks for its split: its stamp, a number, makes it whole."""
        before = self.head.replace(b"%", b"%%") + b"".join(lines)
        return b"%bX-Request-Start: t=%%d\r\n\r\n%b" % (before, self.body)


def body_of(length: int) -> bytes:
    """So many bytes, always the same, without a per cent sign."""
    return (_PIECE * (length // len(_PIECE) + 1))[:length]
