/*
 * Waits for signals, and prints which process sent each of them.
 *
 *     cc -Wall -o /tmp/signal-wait examples/signal-wait.c && /tmp/signal-wait
 *
 * Then, in another terminal: kill -USR1 PID. It blocks every signal, so that none has its default action, and receives the pending
 * ones with sigwaitinfo(2). SIGINT and SIGTERM are not blocked and kill it. `osdemo signal wait` prints the names of the signals.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void die(const char *what) {
  perror(what);
  exit(1);
}

int main(int argc, char **argv) {
  long long left = argc > 1 ? atoll(argv[1]) : -1; /* without an argument it has no end */
  sigset_t set;
  siginfo_t info;
  setvbuf(stdout, NULL, _IOLBF, 0);
  sigfillset(&set);
  sigdelset(&set, SIGINT), sigdelset(&set, SIGTERM);
  if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) die("sigprocmask");
  printf("pid %d\n", getpid());
  while (left != 0) {
    if (sigwaitinfo(&set, &info) < 0) {
      if (errno == EINTR) continue; /* it was stopped and continued */
      die("sigwaitinfo");
    }
    printf("signal %d from pid %d uid %d", info.si_signo, info.si_pid, (int)info.si_uid);
    if (info.si_code == SI_QUEUE) printf(" value %d", info.si_value.sival_int);
    if (printf("\n") < 0) die("stdout");
    if (left > 0) left--;
  }
  return 0;
}
