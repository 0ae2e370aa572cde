<?php
// A peer of osdemo in PHP.

function read_exactly($stream, int $count): ?string
{
    $bytes = '';
    while (strlen($bytes) < $count) {
        $part = fread($stream, $count - strlen($bytes));
        if ($part === false || ($part === '' && feof($stream))) return null;
        $bytes .= $part;
    }
    return $bytes;
}

function read_frame($stream): ?string
{
    $header = read_exactly($stream, 4);
    return $header === null ? null : read_exactly($stream, unpack('N', $header)[1]);
}

function write_frame($stream, string $body): void
{
    for ($frame = pack('N', strlen($body)) . $body; $frame !== '';) $frame = substr($frame, fwrite($stream, $frame));
}

$words = array_slice($argv, 2);
switch ($argv[1]) {
    case 'echo-server':
        $listener = stream_socket_server('tcp://127.0.0.1:0');
        echo explode(':', stream_socket_get_name($listener, false))[1], "\n";
        while ($socket = stream_socket_accept($listener, -1)) {
            while (($body = read_frame($socket)) !== null) write_frame($socket, $body);
            fclose($socket);
        }
        break;
    case 'echo-client':
        $socket = stream_socket_client('tcp://127.0.0.1:' . array_shift($words));
        foreach ($words as $body) {
            write_frame($socket, $body);
            echo read_frame($socket) ?? exit(1), "\n";
        }
        break;
    case 'fifo-write':
        $fifo = fopen(array_shift($words), 'w');
        foreach ($words as $line) fwrite($fifo, "$line\n");
        break;
    case 'fifo-read':
        $fifo = fopen($words[0], 'r');
        while (($line = fgets($fifo)) !== false) echo $line;
        break;
}
