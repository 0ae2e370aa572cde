/*
 * Locks of a file, by hand: flock(2), record locks of fcntl(2), and its open file description locks.
 *
 *     cc -Wall -o /tmp/locks examples/locks.c && touch /tmp/file && /tmp/locks /tmp/file
 *
 * Start it in two terminals, and type a command per line. FD is the number that `open` prints, KIND is flock, fcntl or ofd.
 *
 *     open                             open the file
 *     close FD
 *     KIND shared|exclusive FD [BYTE]  lock the file, or one byte of it, and wait for that
 *     KIND unlock FD [BYTE]
 *     try KIND shared|exclusive FD     do not wait: errno 11 (EAGAIN) when the lock cannot be had
 *     fork KIND FD                     a child tries to have an exclusive lock with the inherited descriptor, and stays
 *     reap                             end the child
 *     write FD TEXT                    write to the file, without a lock
 *
 * `osdemo lock demo` and `osdemo lock hold` do this too. At end of file on stdin, the process exits.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

/* Only Linux has open file description locks. */
#ifndef F_OFD_SETLK
#define F_OFD_SETLK -1
#define F_OFD_SETLKW -1
#endif

static void report(int result) {
  if (result < 0)
    printf(": errno %d\n", errno);
  else
    printf(": ok\n");
}

/* Locks or unlocks. Without a byte, the lock is that of the whole file, however long it becomes. */
static int set_lock(const char *kind, const char *access, int fd, long byte, int may_wait) {
  int shared = strcmp(access, "shared") == 0, unlock = strcmp(access, "unlock") == 0;
  if (strcmp(kind, "flock") == 0)
    return flock(fd, (unlock ? LOCK_UN : shared ? LOCK_SH : LOCK_EX) | (may_wait ? 0 : LOCK_NB));
  struct flock lock = {.l_type = unlock ? F_UNLCK : shared ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET};
  if (byte >= 0) lock.l_start = byte, lock.l_len = 1;
  if (strcmp(kind, "ofd") == 0) return fcntl(fd, may_wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
  return fcntl(fd, may_wait ? F_SETLKW : F_SETLK, &lock);
}

static void on_term(int number) {
  (void)number;
  _exit(0);
}

/* A child that has inherited the descriptor. It dies with its parent, which may have died before prctl(2). */
static pid_t fork_child(const char *kind, int fd) {
  pid_t parent = getpid(), child = fork();
  if (child != 0) return child;
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  if (getppid() != parent) _exit(1);
  signal(SIGTERM, on_term);
  printf("child %d %s", getpid(), kind);
  report(set_lock(kind, "exclusive", fd, -1, 0));
  for (;;) pause();
}

int main(int argc, char **argv) {
  char line[200], kind[8], access[12], text[100];
  int fd;
  pid_t child = 0;
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (argc != 2) return fprintf(stderr, "usage: locks FILE\n"), 2;
  while (fgets(line, sizeof line, stdin)) {
    long byte = -1;
    if (strcmp(line, "open\n") == 0) {
      /* O_NONBLOCK: open(2) of a FIFO or of a device would wait. A file that may only be read can have shared locks. */
      fd = open(argv[1], O_RDWR | O_NONBLOCK | O_NOCTTY);
      if (fd < 0 && (errno == EACCES || errno == EROFS || errno == EISDIR))
        fd = open(argv[1], O_RDONLY | O_NONBLOCK | O_NOCTTY);
      printf("open %d", fd), report(fd);
    } else if (sscanf(line, "close %d", &fd) == 1) {
      printf("close %d", fd), report(close(fd));
    } else if (sscanf(line, "try %7s %11s %d", kind, access, &fd) == 3) {
      printf("try %s %s %d", kind, access, fd), report(set_lock(kind, access, fd, -1, 0));
    } else if (sscanf(line, "fork %7s %d", kind, &fd) == 2) {
      child = fork_child(kind, fd);
    } else if (strcmp(line, "reap\n") == 0 && child > 0) {
      kill(child, SIGTERM);
      printf("reap %d", child), report(waitpid(child, NULL, 0));
      child = 0;
    } else if (sscanf(line, "write %d %99[^\n]", &fd, text) == 2) {
      printf("write %d", fd), report(write(fd, text, strlen(text)));
    } else if (sscanf(line, "%7s %11s %d %ld", kind, access, &fd, &byte) >= 3) {
      int result = set_lock(kind, access, fd, byte, 1); /* it may wait here, and prints nothing meanwhile */
      printf("%s %s %d", kind, access, fd), report(result);
    } else {
      printf("unknown command\n");
    }
  }
  return 0;
}
