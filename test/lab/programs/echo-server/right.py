"""A thread for each client."""
import signal, socket, struct, sys, threading


def get(s, n):
    parts = bytearray()
    while len(parts) < n:
        part = s.recv(min(n - len(parts), 1 << 16))
        if not part:
            return None
        parts += part
    return bytes(parts)


def serve(s):
    with s:
        try:
            while (header := get(s, 4)) is not None:
                (n,) = struct.unpack(">I", header)
                body = get(s, n) if n <= 16 << 20 else None
                if body is None:
                    return
                s.sendall(header + body)
        except OSError:
            pass


signal.signal(signal.SIGTERM, signal.SIG_DFL)
with socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128) as listener:
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client,), daemon=True).start()
