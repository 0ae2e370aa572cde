/*
 * Five philosophers at a round table, and a fork between each two of them. A philosopher needs both forks beside it to eat.
 *
 *     cc -Wall -o /tmp/philosophers examples/philosophers.c && /tmp/philosophers left-first
 *
 * Each philosopher is a process, and each fork is a semaphore of one System V set, with the value 1. With `left-first`, each takes its
 * left fork and then the right one. They wait for each other in a circle, until Ctrl-C. With `ordered`, each takes the fork with the
 * lower number first, and eats as often as the second argument says. In both, no process takes a second fork until as many as
 * possible have their first: otherwise a deadlock would be rare. `osdemo semaphore philosophers` passes the id of its set as third argument.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
union semun { int val; };
#endif

enum { PEOPLE = 5, START = PEOPLE }; /* semaphores 0 to 4 are the forks; 5 counts the first forks that are not taken yet */

static int set;

static void change(int semaphore, int by, int flags) {
  struct sembuf operation = {.sem_num = semaphore, .sem_op = by, .sem_flg = flags};
  while (semop(set, &operation, 1) < 0 && errno != EAGAIN)
    if (errno != EINTR) exit(1); /* EIDRM: the set was removed */
}

/* SEM_UNDO: when the process dies, the kernel puts its forks back. */
static void take(int n) { change(n, -1, SEM_UNDO); }
static void put_back(int n) { change(n, 1, SEM_UNDO); }

static void dine(int me, int ordered, int meals) {
  int left = me, right = (me + 1) % PEOPLE;
  /* Only the last philosopher has a right fork with a lower number. */
  int first = ordered && right < left ? right : left, second = left + right - first;
  for (int meal = 0; meal < meals; meal++) {
    take(first);
    if (meal == 0) {
      change(START, -1, IPC_NOWAIT);
      change(START, 0, 0); /* wait until it is 0 */
    }
    take(second);
    printf("philosopher %d eats\n", me);
    usleep(1000);
    printf("philosopher %d has eaten\n", me);
    put_back(second);
    put_back(first);
  }
}

static void on_interrupt(int number) {
  (void)number;
  semctl(set, 0, IPC_RMID);
  _exit(1);
}

int main(int argc, char **argv) {
  int ordered = argc > 1 && strcmp(argv[1], "ordered") == 0, meals = argc > 2 ? atoi(argv[2]) : 3, status;
  int is_own = argc < 4;
  pid_t parent = getpid(), pid;
  setvbuf(stdout, NULL, _IOLBF, 0);
  set = is_own ? semget(IPC_PRIVATE, PEOPLE + 1, 0600) : atoi(argv[3]);
  for (int n = 0; n < PEOPLE; n++) semctl(set, n, SETVAL, (union semun){.val = 1});
  /* With `ordered`, the last philosopher and the first want the same first fork. */
  if (semctl(set, START, SETVAL, (union semun){.val = ordered ? PEOPLE - 1 : PEOPLE}) < 0) return perror("semctl"), 1;

  for (int me = 0; me < PEOPLE; me++) {
    if ((pid = fork()) < 0) return perror("fork"), 1;
    if (pid == 0) {
#ifdef __linux__
      prctl(PR_SET_PDEATHSIG, SIGKILL); /* it dies with its parent, which may have died before */
#endif
      if (getppid() != parent) exit(1);
      dine(me, ordered, meals);
      exit(0);
    }
    printf("philosopher %d is process %d\n", me, pid);
  }
  if (is_own) signal(SIGINT, on_interrupt);
  while ((pid = wait(&status)) > 0) {
    if (WIFSIGNALED(status)) printf("process %d was killed by signal %d\n", pid, WTERMSIG(status));
    else printf("process %d exited with code %d\n", pid, WEXITSTATUS(status));
  }
  if (is_own) semctl(set, 0, IPC_RMID);
  else getchar(); /* until osdemo has read all lines */
  return 0;
}
