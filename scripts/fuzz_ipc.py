#!/usr/bin/env python3
"""Send mutated messages to the decoder and to a running server, for some seconds.

Any bytes must decode or raise ProtocolError, with the same result for any split.  The server must
still answer the next valid request.  The seed is printed, so that a failure can be repeated.
"""

import argparse
import contextlib
import random
import socket
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import ipc
from ipc.errors import ProtocolError
from ipc.pktline import Decoder, decode_single

if sys.platform == "win32":
    raise SystemExit("this script requires Unix domain sockets")

INTERESTING = [
    b"0000",
    b"0001",
    b"0002",
    b"0003",
    b"0004",
    b"0005",
    b"fff0",
    b"FFF0",
    b"fff1",
    b"+1af",
]


def message(draw: random.Random) -> bytes:
    """Create packets, and damage some of them."""
    parts = []
    for _ in range(draw.randrange(6)):
        data = draw.randbytes(draw.choice([0, 1, 5, 100, 70_000]) % 65_517)
        parts += [b"%04x" % (len(data) + 4), data]
    if draw.random() < 0.7:
        parts.append(b"0000")
    for _ in range(draw.randrange(3)):
        parts.insert(draw.randrange(len(parts) + 1), draw.choice(INTERESTING))
    made = bytearray(b"".join(parts))
    for _ in range(draw.randrange(4)):
        if made:
            made[draw.randrange(min(len(made), 30))] = draw.randrange(256)
    return bytes(made)


def outcome(chunks: list[bytes]) -> tuple[bytes, bool] | None:
    """Return what chunks decode to, or None if they are not valid."""
    decoder = Decoder()
    data = b""
    try:
        for chunk in chunks:
            data += b"".join(decoder.feed(chunk))
    except ProtocolError:
        return None
    return data, decoder.finished


def try_decoder(draw: random.Random, sent: bytes) -> None:
    """Compare the decoder with itself on other pieces, and with the fast path."""
    cuts = sorted(draw.randrange(len(sent) + 1) for _ in range(draw.randrange(6)))
    pieces = [sent[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    expected = outcome([sent])
    found = outcome(pieces)
    short = None
    with contextlib.suppress(ProtocolError):
        short = decode_single(sent)
    if found != expected or (short is not None and expected != (short, True)):
        raise SystemExit(f"decoded differently: {sent!r} in {pieces!r}")


def try_server(draw: random.Random, sent: bytes, path: str) -> None:
    """Send the bytes in pieces, disconnect at some point; then send a valid request."""
    with socket.socket(socket.AF_UNIX) as stream, contextlib.suppress(OSError):
        stream.settimeout(5)
        stream.connect(path)
        cut = draw.randrange(len(sent) + 1)
        stream.send(sent[:cut])
        if draw.random() < 0.5:
            stream.send(sent[cut:])
            stream.shutdown(draw.choice([socket.SHUT_WR, socket.SHUT_RDWR]))
            while stream.recv(draw.choice([1, 100, 65536])):
                pass
    if ipc.send_command(path, b"valid", timeout=10) != b"valid":
        raise SystemExit(f"the server answered wrongly after {sent!r}")


def main() -> None:
    """Run until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=10.0)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    options = parser.parse_args()
    print(f"seed {options.seed}")
    draw = random.Random(options.seed)
    deadline = time.monotonic() + options.seconds
    count = 0
    with tempfile.TemporaryDirectory() as folder, ipc.Server(f"{folder}/s", lambda asked, _: asked):
        while time.monotonic() < deadline:
            sent = message(draw)
            try_decoder(draw, sent)
            if count % 10 == 0:
                try_server(draw, sent, f"{folder}/s")
            count += 1
    print(f"{count} messages, no failure")


if __name__ == "__main__":
    main()
