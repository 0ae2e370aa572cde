// A TCP server for frames. A frame is the length of its body (4 bytes, big-endian), and then the body. The server reads both
// in full, and answers with the body only, without a header.
//
//	go run examples/lecture/echo-server.go
//	osdemo tcp-echo client --port 7007 --reply body hello            # in another terminal
//
// A client must know how long the answer is: here it is as long as the body that it sent.
package main

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
)

// No client may make the server reserve more memory than this for a frame.
const maxBody = 16 << 20

func main() {
	address := flag.String("listen", "127.0.0.1:7007", "the address and the port")
	flag.Parse()
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		fmt.Fprintln(os.Stderr, "echo-server:", err)
		os.Exit(1)
	}
	fmt.Println("listening on", listener.Addr())
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal("accept: ", err)
		}
		go serve(connection)
	}
}

func serve(connection net.Conn) {
	defer connection.Close()
	peer := connection.RemoteAddr()
	for {
		body, err := readFrame(connection)
		if errors.Is(err, io.EOF) {
			log.Print(peer, " closed the connection")
			return
		}
		if err == nil {
			_, err = connection.Write(body)
		}
		if err != nil {
			log.Print(peer, ": ", err)
			return
		}
	}
}

// readFrame returns io.EOF when the client has closed the connection between two frames. A plain Read may return fewer bytes
// than the buffer has room for, so io.ReadFull reads again until the buffer is full.
func readFrame(connection io.Reader) ([]byte, error) {
	var header [4]byte
	if _, err := io.ReadFull(connection, header[:]); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(header[:])
	if length > maxBody {
		return nil, fmt.Errorf("a body of %d bytes is too long", length)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(connection, body); err != nil {
		// The end of the stream is no regular end inside a frame.
		return nil, fmt.Errorf("the body is incomplete: %w", noEOF(err))
	}
	return body, nil
}

// noEOF makes io.EOF, which io.ReadFull returns before the first byte, an error of a partial frame too.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
