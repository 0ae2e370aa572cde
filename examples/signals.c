/*
 * What a process may do with a signal: nothing (then its default action happens), run a handler, ignore it, or block it.
 *
 *     cc -Wall -o /tmp/signals examples/signals.c && /tmp/signals
 *
 * It waits for Enter before each step. In between, another terminal can send signals to it (kill -USR1 PID) and read their sets in
 * /proc/PID/status. `osdemo signal demo` does both. At end of file on stdin, the process exits.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

/* What the handler saw. It may call only what signal-safety(7) lists, so printf(3) comes later. */
static siginfo_t seen[16];
static volatile sig_atomic_t count;

static void die(const char *what) {
  perror(what);
  exit(1);
}

/* Waits for a line. A handler may interrupt read(2), which then reads again. */
static void next_step(void) {
  char byte = 0;
  while (byte != '\n') {
    ssize_t got = read(0, &byte, 1);
    if (got == 0 || (got < 0 && errno != EINTR)) _exit(1);
  }
}

static void on_signal(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  if (count < 16) seen[count++] = *info;
}

static void handle(int number, int flags) {
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | flags};
  sigemptyset(&action.sa_mask);
  if (sigaction(number, &action, NULL) < 0) die("sigaction");
}

/* Prints how often the handler ran, and what for. */
static void report(void) {
  for (int i = 0; i < count; i++)
    printf("delivered %d from %d value %d\n", seen[i].si_signo, seen[i].si_pid,
           seen[i].si_code == SI_QUEUE ? seen[i].si_value.sival_int : 0);
  printf("handler ran %d times\n", (int)count);
  count = 0;
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

/* A child changes nothing, so that a signal has its default action. */
static void default_action(void) {
  int status = 0;
  pid_t child = fork_child();
  while (child == 0) pause();
  printf("child %d\n", child);
  next_step();
  kill(child, SIGKILL); /* in case that no signal has killed it */
  if (waitpid(child, &status, 0) < 0) die("waitpid");
  printf("child was killed by signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

/* Three standard signals and three real-time signals arrive while they are blocked. */
static void blocked(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1), sigaddset(&set, SIGHUP), sigaddset(&set, SIGRTMIN);
  if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) die("sigprocmask");
  raise(SIGHUP); /* to this thread only: pthread_kill(3) */
  pid_t receiver = getpid(), sender = fork_child();
  if (sender == 0) {
    for (int i = 1; i <= 3; i++) kill(receiver, SIGUSR1);
    for (int i = 1; i <= 3; i++) sigqueue(receiver, SIGRTMIN, (union sigval){.sival_int = i});
    _exit(0);
  }
  while (waitpid(sender, NULL, 0) < 0)
    if (errno != EINTR) die("waitpid");
  printf("sender %d sent SIGRTMIN %d\n", sender, SIGRTMIN);
  next_step();
  report(); /* it ran for no signal yet */
  if (sigprocmask(SIG_UNBLOCK, &set, NULL) < 0) die("sigprocmask");
  report();
}

/* read(2) may wait forever: it is a slow call, which a handler interrupts. */
static void slow_read(int flags) {
  char line[100];
  handle(SIGUSR1, flags);
  printf("reading\n");
  ssize_t got = read(0, line, sizeof line);
  int error = got < 0 ? errno : 0;
  if (got == 0) _exit(1);
  printf("read returned %zd errno %d\n", got, error);
  if (got < 0) next_step(); /* the line is still there */
  report();
}

static volatile sig_atomic_t has_loop, times, reaped;

static void on_child(int number) {
  int error = errno;
  (void)number;
  times++;
  while (waitpid(-1, NULL, WNOHANG) > 0) {
    reaped++;
    if (!has_loop) break;
  }
  errno = error;
}

/* Three children exit while SIGCHLD is blocked, as it is while its handler runs. */
static void three_children(int loop) {
  struct sigaction action = {.sa_handler = on_child, .sa_flags = SA_RESTART};
  sigset_t set;
  siginfo_t info;
  pid_t child[3];
  has_loop = loop, times = reaped = 0;
  sigemptyset(&set), sigemptyset(&action.sa_mask);
  sigaddset(&set, SIGCHLD);
  if (sigaction(SIGCHLD, &action, NULL) < 0 || sigprocmask(SIG_BLOCK, &set, NULL) < 0) die("SIGCHLD");
  for (int i = 0; i < 3; i++)
    if ((child[i] = fork_child()) == 0) _exit(0);
  for (int i = 0; i < 3; i++) /* it has exited, and stays a zombie */
    if (waitid(P_PID, child[i], &info, WEXITED | WNOWAIT) < 0) die("waitid");
  if (sigprocmask(SIG_UNBLOCK, &set, NULL) < 0) die("sigprocmask");
  printf("children %d %d %d: handler ran %d times, reaped %d\n", child[0], child[1], child[2], (int)times, (int)reaped);
}

static void try_to_catch(int number) {
  struct sigaction action = {.sa_handler = on_child};
  int result = sigaction(number, &action, NULL);
  printf("sigaction %d errno %d\n", number, result < 0 ? errno : 0);
}

int main(void) {
  sigset_t all;
  setvbuf(stdout, NULL, _IOLBF, 0);

  next_step();
  default_action();

  next_step();
  handle(SIGUSR1, 0), handle(SIGHUP, 0), handle(SIGRTMIN, 0);
  signal(SIGUSR2, SIG_IGN);
  printf("has handlers\n");
  next_step(); /* SIGUSR1 */
  report();
  next_step(); /* SIGUSR2 */
  report();

  next_step();
  blocked();

  next_step();
  slow_read(0);
  next_step();
  slow_read(SA_RESTART);

  next_step();
  three_children(0);
  next_step();
  three_children(1);

  next_step();
  try_to_catch(SIGKILL), try_to_catch(SIGSTOP);
  sigfillset(&all);
  if (sigprocmask(SIG_BLOCK, &all, NULL) < 0) die("sigprocmask");
  printf("blocks all\n");
  next_step();
  return 0;
}
