// The echo server in Go with a buffered reader and a buffered writer, which is flushed when nothing more has been read.
// Prints `listening on 127.0.0.1:PORT`.
package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
)

const maxFrame = 16 << 20

func serve(connection net.Conn) {
	defer connection.Close()
	reader := bufio.NewReaderSize(connection, 64<<10)
	writer := bufio.NewWriterSize(connection, 64<<10)
	var buffer []byte
	header := make([]byte, 4)
	for {
		if _, err := io.ReadFull(reader, header); err != nil {
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
		if _, err := io.ReadFull(reader, frame[4:]); err != nil {
			return
		}
		if _, err := writer.Write(frame); err != nil {
			return
		}
		if reader.Buffered() == 0 {
			if err := writer.Flush(); err != nil {
				return
			}
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
