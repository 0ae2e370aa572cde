/*
 * A pipe between a parent and its child, and the classic mistake: another child inherits the write end and does not close it.
 *
 *     cc -Wall -o /tmp/anonymous-pipe examples/anonymous-pipe.c && /tmp/anonymous-pipe
 *
 * The reader sees end of file only when the last descriptor of the write end is closed. Run like this, the other child exits after a
 * second. `osdemo pipe anonymous` runs it with the argument `steps`: then the parent waits for a line on stdin before each step, and
 * the other child lives until a signal ends it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

static int steps;

static void die(const char *what) {
  perror(what);
  exit(1);
}

/* Waits for a line. At end of file on stdin, the process exits. */
static void next_step(void) {
  char byte = 0;
  while (steps && byte != '\n')
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

static void read_to_the_end(int end) {
  char buffer[100];
  ssize_t count;
  while ((count = read(end, buffer, sizeof buffer)) > 0) printf("reader: read %zd bytes: %.*s\n", count, (int)count, buffer);
  if (count < 0) die("read");
  printf("reader: read 0 bytes: end of file\n");
  exit(0);
}

int main(int argc, char **argv) {
  int ends[2], status;
  steps = argc > 1 && strcmp(argv[1], "steps") == 0;
  setvbuf(stdout, NULL, _IOLBF, 0);

  next_step();
  if (pipe(ends) < 0) die("pipe");
  printf("parent: pipe %d %d\n", ends[0], ends[1]);

  next_step();
  pid_t reader = fork_child();
  if (reader == 0) {
    close(ends[1]); /* otherwise it would wait for itself */
    read_to_the_end(ends[0]);
  }
  pid_t other = fork_child();
  if (other == 0) {
    if (!steps) sleep(1);
    while (steps) pause(); /* it has closed neither end */
    exit(0);
  }
  close(ends[0]);
  printf("parent: reader %d, other %d\n", reader, other);

  next_step();
  if (write(ends[1], "hello", 5) != 5) die("write");
  next_step();
  close(ends[1]);
  printf("parent: closed %d\n", ends[1]);

  for (int left = 2; left > 0; left--) {
    pid_t child = wait(&status);
    if (child < 0) die("wait");
    if (WIFSIGNALED(status)) printf("parent: %d was killed by signal %d\n", child, WTERMSIG(status));
    else printf("parent: %d exited with code %d\n", child, WEXITSTATUS(status));
  }
  next_step();
  return 0;
}
