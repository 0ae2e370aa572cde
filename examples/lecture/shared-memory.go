// Two processes communicate through a System V segment: one writes a text, another reads it.
//
//	go run examples/lecture/shared-memory.go write "hello"
//	go run examples/lecture/shared-memory.go read
//	go run examples/lecture/shared-memory.go remove
//
// `osdemo shm read` and `osdemo shm write "hello"` use the same segment: key 70000, 1,024 bytes, and a text that ends with a
// NUL byte. Linux only, because Go's package syscall has the numbers of these calls there.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

const (
	size      = 1024
	ipcCreate = 0o1000  // IPC_CREAT of linux/ipc.h
	ipcRemove = 0       // IPC_RMID
	readOnly  = 0o10000 // SHM_RDONLY of linux/shm.h
)

func main() {
	key := flag.Int("key", 70000, "the key under which processes find the segment")
	flag.Parse()
	if err := run(*key, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "shared-memory:", err)
		os.Exit(1)
	}
}

func run(key int, words []string) error {
	switch {
	case len(words) == 2 && words[0] == "write":
		return write(key, words[1])
	case len(words) == 1 && words[0] == "read":
		return read(key)
	case len(words) == 1 && words[0] == "remove":
		return remove(key)
	}
	return errors.New("usage: shared-memory [-key N] write TEXT | read | remove")
}

func write(key int, text string) error {
	if len(text) >= size {
		return fmt.Errorf("the text has %d bytes, and the segment only %d, one of them for the NUL byte", len(text), size)
	}
	id, err := get(key, ipcCreate|0o600)
	if err != nil {
		return err
	}
	return attached(id, 0, func(memory []byte) {
		copy(memory, text)
		memory[len(text)] = 0
	})
}

func read(key int) error {
	id, err := get(key, 0)
	if err != nil {
		return err
	}
	return attached(id, readOnly, func(memory []byte) {
		text, _, _ := bytes.Cut(memory, []byte{0})
		fmt.Printf("%s\n", text)
	})
}

func remove(key int) error {
	id, err := get(key, 0)
	if err != nil {
		return err
	}
	if _, _, errno := syscall.Syscall(syscall.SYS_SHMCTL, id, ipcRemove, 0); errno != 0 {
		return os.NewSyscallError("shmctl", errno)
	}
	return nil
}

// get finds the segment of a key, or creates it if flags contain ipcCreate.
func get(key int, flags uintptr) (uintptr, error) {
	id, _, errno := syscall.Syscall(syscall.SYS_SHMGET, uintptr(key), size, flags)
	if errno != 0 {
		return 0, os.NewSyscallError("shmget", errno)
	}
	return id, nil
}

// attached attaches the segment, lets use work with its memory, and detaches it. The memory is not valid afterwards.
func attached(id, flags uintptr, use func(memory []byte)) error {
	address, _, errno := syscall.Syscall(syscall.SYS_SHMAT, id, 0, flags)
	if errno != 0 {
		return os.NewSyscallError("shmat", errno)
	}
	// The memory is the kernel's, so Go's garbage collector neither moves nor frees it.
	use(unsafe.Slice(*(**byte)(unsafe.Pointer(&address)), size))
	if _, _, errno := syscall.Syscall(syscall.SYS_SHMDT, address, 0, 0); errno != 0 {
		return os.NewSyscallError("shmdt", errno)
	}
	return nil
}
