// A peer of osdemo in Go. examples/lecture has the peers for FIFOs and segments.
package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
)

func main() {
	switch os.Args[1] {
	case "echo-server":
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		check(err)
		fmt.Println(listener.Addr().(*net.TCPAddr).Port)
		for {
			connection, err := listener.Accept()
			check(err)
			go func() {
				for body, err := read(connection); err == nil; body, err = read(connection) {
					write(connection, body)
				}
				connection.Close()
			}()
		}
	case "echo-client":
		connection, err := net.Dial("tcp", "127.0.0.1:"+os.Args[2])
		check(err)
		for _, body := range os.Args[3:] {
			write(connection, []byte(body))
			echo, err := read(connection)
			check(err)
			fmt.Printf("%s\n", echo)
		}
	}
}

func read(from io.Reader) ([]byte, error) {
	var length uint32
	if err := binary.Read(from, binary.BigEndian, &length); err != nil {
		return nil, err
	}
	body := make([]byte, length)
	_, err := io.ReadFull(from, body)
	return body, err
}

func write(to io.Writer, body []byte) {
	check(binary.Write(to, binary.BigEndian, uint32(len(body))))
	_, err := to.Write(body)
	check(err)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
