// The echo server of the textbooks: a goroutine per connection, and for each frame a read of its header, a read
// of its body and a write. Prints `listening on 127.0.0.1:PORT`.
package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
)

const maxFrame = 16 << 20

func serve(connection net.Conn) {
	defer connection.Close()
	var buffer []byte
	header := make([]byte, 4)
	for {
		if _, err := io.ReadFull(connection, header); err != nil {
			return
		}
		length := int(binary.BigEndian.Uint32(header))
		if length > maxFrame {
			return
		}
		if cap(buffer) < 4+length {
			buffer = make([]byte, 4+length)
		}
		frame := buffer[:4+length]
		copy(frame, header)
		if _, err := io.ReadFull(connection, frame[4:]); err != nil {
			return
		}
		if _, err := connection.Write(frame); err != nil {
			return
		}
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("listening on %s\n", listener.Addr())
	for {
		connection, err := listener.Accept()
		if err != nil {
			continue
		}
		go serve(connection)
	}
}
