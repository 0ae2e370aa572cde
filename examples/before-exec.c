/*
 * What a process has before it executes another program with execve(2): a variable, descriptors, a nice value, a working folder,
 * and something for three signals.
 *
 *     cc -Wall -o /tmp/before-exec examples/before-exec.c && cc -Wall -o /tmp/after-exec examples/after-exec.c
 *     /tmp/before-exec /tmp/after-exec
 *
 * It waits for Enter before each step. In between, another terminal can look at /proc/PID, as `osdemo process exec` does. At end of
 * file on stdin, the process exits.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* It lies in the data of this program, which the other program does not have. */
static int number = 12345;

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

static void on_signal(int signal) { (void)signal; }

int main(int argc, char **argv) {
  sigset_t set;
  if (argc != 2) {
    fprintf(stderr, "usage: before-exec PROGRAM\n");
    return 2;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);

  int kept = open("/dev/null", O_RDONLY);
  int closed = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  if (kept < 0 || closed < 0) die("open");
  if (chdir("/dev") < 0) die("chdir");
  setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + 5); /* the kernel allows at most 19 */

  signal(SIGUSR1, on_signal);
  signal(SIGUSR2, SIG_IGN);
  sigemptyset(&set), sigaddset(&set, SIGHUP);
  if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) die("sigprocmask");
  kill(getpid(), SIGHUP); /* it stays pending */
  printf("number %d at %p, kept %d, closed %d\n", number, (void *)&number, kept, closed);

  next_step();
  char *none[] = {"no-such-program", NULL};
  execv("/dev/no-such-program", none);
  printf("execve failed with errno %d\n", errno); /* only after a failure does this process get here */

  next_step();
  execv(argv[1], &argv[1]);
  die("execv");
}
