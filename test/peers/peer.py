"""A peer of osdemo in Python. Its frames are those of multiprocessing.connection, its segment and its queue those of ctypes."""

import ctypes
import mmap
import os
import socket
import sys
from multiprocessing.connection import Connection

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int) -> int:
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def echo_server() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        peer = Connection(listener.accept()[0].detach())
        try:
            while True:
                peer.send_bytes(peer.recv_bytes())
        except EOFError:
            peer.close()


def echo_client(port: str, *bodies: str) -> None:
    peer = Connection(socket.create_connection(("127.0.0.1", int(port))).detach())
    for body in bodies:
        peer.send_bytes(body.encode())
        print(peer.recv_bytes().decode())


def fifo_write(path: str, *lines: str) -> None:
    with open(path, "w") as fifo:
        for line in lines:
            print(line, file=fifo, flush=True)


def fifo_read(path: str) -> None:
    with open(path) as fifo:
        for line in fifo:
            print(line, end="")


def attach(key: str, flags: int) -> ctypes.Array:
    libc.shmat.restype = ctypes.c_void_p
    address = libc.shmat(check(libc.shmget(int(key), 1024, flags)), None, 0)
    return (ctypes.c_char * 1024).from_address(address)


def segment_write(key: str, text: str) -> None:
    attach(key, 0o1600).value = text.encode()


def segment_read(key: str) -> None:
    print(attach(key, 0).value.decode())


def map_object(name: str) -> mmap.mmap:
    fd = os.open("/dev/shm" + name, os.O_RDWR | os.O_CREAT, 0o600)
    os.ftruncate(fd, 1024)
    return mmap.mmap(fd, 1024)


def object_write(name: str, text: str) -> None:
    memory = map_object(name)
    memory[: len(text.encode()) + 1] = text.encode() + b"\0"


def object_read(name: str) -> None:
    print(map_object(name)[:].split(b"\0")[0].decode())


def queue_send(name: str, *texts: str) -> None:
    queue = check(libc.mq_open(name.encode(), os.O_WRONLY))
    for text in texts:
        check(libc.mq_send(queue, text.encode(), len(text.encode()), 0))


def queue_receive(name: str, count: str) -> None:
    queue = check(libc.mq_open(name.encode(), os.O_RDONLY))
    message = ctypes.create_string_buffer(65536)
    for _ in range(int(count)):
        length = check(libc.mq_receive(queue, message, len(message), None))
        print(message.raw[:length].decode())


globals()[sys.argv[1].replace("-", "_")](*sys.argv[2:])
