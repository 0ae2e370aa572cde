/*
 * How a process ends, what wait(2) returns to its parent, and what becomes of text that printf(3) has put into a buffer.
 *
 *     cc -Wall -o /tmp/exits examples/exits.c && /tmp/exits
 *
 * It waits for Enter before it reaps each child. In between, the child is a zombie, and its status is in /proc/PID/stat:
 * `osdemo process exit` reads it there. At end of file on stdin, the process exits.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

static void die(const char *what) {
  perror(what);
  exit(1);
}

/* Waits for a line. At end of file on stdin, the process exits. */
static void next_step(void) {
  char byte = 0;
  while (byte != '\n')
    if (read(0, &byte, 1) != 1) _exit(1);
}

/* Forks. A child dies with its parent, which may have died before prctl(2). */
static pid_t fork_child(void) {
  pid_t parent = getpid(), child = fork();
  if (child < 0) die("fork");
  if (child > 0) return child;
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  if (getppid() != parent) _exit(1);
  return 0;
}

/* No file `core` is left behind. The limit of 1 byte also keeps the kernel from starting a program for it: core(5). */
static void without_core(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_CORE, &limit) < 0) die("getrlimit");
  limit.rlim_cur = limit.rlim_max > 0 ? 1 : 0;
  if (setrlimit(RLIMIT_CORE, &limit) < 0) die("setrlimit");
}

/* A child exits with a code, or kills itself with a signal. */
static void one_ending(int code, int number) {
  int status = 0;
  siginfo_t info;
  pid_t child = fork_child();
  if (child == 0) {
    if (number == 0) exit(code);
    without_core();
    signal(number, SIG_DFL);
    raise(number);
    _exit(1);
  }
  if (waitid(P_PID, child, &info, WEXITED | WNOWAIT) < 0) die("waitid"); /* it has ended, and stays a zombie */
  printf("zombie %d\n", child);
  next_step();
  if (waitpid(child, &status, 0) < 0) die("waitpid");
  printf("status %d exited %d code %d signaled %d signal %d core %d\n", status, WIFEXITED(status) != 0, WEXITSTATUS(status),
         WIFSIGNALED(status) != 0, WTERMSIG(status), WCOREDUMP(status) != 0);
}

enum { FLUSH = 1, FORK = 2, QUICK = 4 };

/* A child prints a line with stdio, and perhaps forks. Each of the two calls exit(3), or with QUICK the last child _exit(2). */
static void print_line(int fd, int how) {
  FILE *out = fdopen(fd, "w"); /* line by line on a terminal, and otherwise when 4096 bytes have come */
  if (out == NULL) die("fdopen");
  fprintf(out, "hello\n");
  if (how & FLUSH) fflush(out);
  if (how & FORK) {
    pid_t child = fork_child();
    if (child > 0) {
      waitpid(child, NULL, 0);
      exit(0);
    }
  }
  if (how & QUICK) _exit(0);
  exit(0);
}

/* Counts how often the line arrives at the other end, until the last process has closed `fd`. */
static void buffered(const char *name, int from, int fd, int how) {
  char text[200];
  size_t got = 0;
  ssize_t count;
  int times = 0;
  pid_t child = fork_child();
  if (child == 0) {
    close(from);
    print_line(fd, how);
  }
  close(fd);
  while (got < sizeof text - 1 && (count = read(from, text + got, sizeof text - 1 - got)) > 0) got += count;
  close(from); /* of a terminal, read(2) returns EIO instead of 0 */
  text[got] = 0;
  if (waitpid(child, NULL, 0) < 0) die("waitpid");
  for (char *at = text; (at = strstr(at, "hello")) != NULL; at++) times++;
  printf("%s arrived %d times\n", name, times);
}

static void into_pipe(const char *name, int how) {
  int ends[2];
  if (pipe(ends) < 0) die("pipe");
  buffered(name, ends[0], ends[1], how);
}

/* The same on a terminal: a pseudo terminal, pty(7), whose other end this process reads. */
static void onto_terminal(const char *name, int how) {
  int master = posix_openpt(O_RDWR | O_NOCTTY), slave = -1;
  if (master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0) slave = open(ptsname(master), O_RDWR | O_NOCTTY);
  if (slave < 0) printf("%s has no terminal\n", name);
  else buffered(name, master, slave, how);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);

  next_step();
  one_ending(3, 0);
  one_ending(259, 0);
  one_ending(0, SIGTERM);
  one_ending(0, SIGABRT);

  next_step();
  into_pipe("exit(3)", 0);
  into_pipe("_exit(2)", QUICK);
  into_pipe("fork(2)", FORK);
  into_pipe("fflush(3)", FORK | FLUSH);
  into_pipe("child _exit(2)", FORK | QUICK);
  onto_terminal("terminal", FORK);
  next_step();
  return 0;
}
