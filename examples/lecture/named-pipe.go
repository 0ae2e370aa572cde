// A named pipe (FIFO) carries ten messages from one process to another.
//
//	go run examples/lecture/named-pipe.go write /tmp/lecture-pipe
//	go run examples/lecture/named-pipe.go read /tmp/lecture-pipe     # in another terminal
//
// The writer creates the FIFO. Opening it blocks until the other end is opened too. `osdemo pipe read --path /tmp/lecture-pipe`
// can be the reader, and `osdemo pipe write --path /tmp/lecture-pipe` the writer.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

const messages = 10

func main() {
	every := flag.Duration("every", time.Second, "the pause between two messages")
	flag.Parse()
	if err := run(*every, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "named-pipe:", err)
		os.Exit(1)
	}
}

func run(every time.Duration, words []string) error {
	switch {
	case len(words) == 2 && words[0] == "write":
		return write(words[1], every)
	case len(words) == 2 && words[0] == "read":
		return read(words[1])
	}
	return errors.New("usage: named-pipe [-every DURATION] write PATH | read PATH")
}

func write(path string, every time.Duration) error {
	if err := create(path); err != nil {
		return err
	}
	pipe, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer pipe.Close()
	for number := 0; number < messages; number++ {
		if number > 0 {
			time.Sleep(every)
		}
		if _, err := fmt.Fprintf(pipe, "Message %d\n", number); err != nil {
			return err
		}
	}
	return nil
}

// create makes a new FIFO. An old one at this path is removed first, but no other file.
func create(path string) error {
	if found, err := os.Lstat(path); err == nil {
		if found.Mode().Type() != fs.ModeNamedPipe {
			return fmt.Errorf("%s exists, and is no FIFO", path)
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return &fs.PathError{Op: "mkfifo", Path: path, Err: err}
	}
	return nil
}

// read prints what arrives, until the last writer has closed the FIFO.
func read(path string) error {
	pipe, err := os.Open(path)
	if err != nil {
		return err
	}
	defer pipe.Close()
	_, err = io.Copy(os.Stdout, pipe)
	return err
}
