#!/usr/bin/env python3
"""Sends frames to an echo server and checks that each echo equals what was sent. It needs only Python's standard library.

    osdemo tcp-echo                                            # in another terminal
    python3 examples/frame_client.py --port 7007 hello wörld

A frame is the length of its body in bytes (4 bytes, unsigned, big-endian), followed by the body.
"""

import argparse
import contextlib
import socket
import struct
import sys
import threading

HEADER = struct.Struct(">I")


def encode(body: bytes) -> bytes:
    return HEADER.pack(len(body)) + body


def read_exactly(connection: socket.socket, count: int) -> bytes:
    """recv() returns at least one byte, and at most `count`. So ask again until all bytes have arrived."""
    parts = []
    while count > 0:
        part = connection.recv(min(count, 65536))
        if part == b"":
            raise EOFError(f"the server closed the connection with {count} bytes still missing")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def read_frame(connection: socket.socket) -> bytes:
    (length,) = HEADER.unpack(read_exactly(connection, HEADER.size))
    return read_exactly(connection, length)


def send_all(connection: socket.socket, bodies: list[bytes]) -> None:
    with contextlib.suppress(OSError):  # the reading side reports the error
        for body in bodies:
            connection.sendall(encode(body))


def describe(body: bytes) -> str:
    return repr(body.decode(errors="replace")) if len(body) <= 40 else f"{len(body)} bytes"


def check(host: str, port: int, bodies: list[bytes], timeout: float) -> None:
    with socket.create_connection((host, port), timeout) as connection:
        # A thread sends: while sendall() blocks because the server waits for this client to read, this thread reads.
        threading.Thread(target=send_all, args=(connection, bodies), daemon=True).start()
        for number, body in enumerate(bodies):
            echo = read_frame(connection)
            if echo != body:
                raise ValueError(f"echo {number} differs: sent {describe(body)}, received {describe(echo)}")
            print(f"echo {number} is unchanged: {describe(body)}")
        # Only end of file shows that nothing follows the last echo. Some servers never close: they are given two seconds.
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(2)
        with contextlib.suppress(TimeoutError):
            if connection.recv(1) != b"":
                raise ValueError("the server sent more bytes after the last echo")


def main() -> int:
    parser = argparse.ArgumentParser(description="Sends frames to an echo server and checks the echoes.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=7007)
    parser.add_argument("--timeout", type=float, default=5, help="seconds to wait for an answer")
    parser.add_argument("message", nargs="*", default=["hello", "wörld", "", "x" * 100_000])
    arguments = parser.parse_args()
    bodies = [message.encode() for message in arguments.message]
    try:
        check(arguments.host, arguments.port, bodies, arguments.timeout)
    except (OSError, EOFError, ValueError) as error:
        print(f"frame_client.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
