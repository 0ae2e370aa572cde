/*
 * The bounded buffer: producers and consumers, which are processes, share an array with four places.
 *
 *     cc -Wall -pthread -o /tmp/bounded-buffer examples/bounded-buffer.c && /tmp/bounded-buffer
 *
 * It prints the ids of its semaphores and of its shared memory. Start it with these ids in other terminals, and type a command per line:
 *
 *     put FROM TO         put these numbers
 *     take N              take so many
 *     put-mutex-first N   put a number, with the two waits in the wrong order
 *     take-if             take one, with a condition variable in place of semaphores, and with `if`
 *     take-while          the same with `while`
 *     put-and-wake N      put a number, and wake up all that wait for the condition variable
 *     reset               empty the buffer, while no other process uses it
 *
 * `osdemo semaphore buffer` does this too. At end of file on stdin, the process exits, and the first one removes what it created.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/shm.h>
#ifdef __linux__
union semun { int val; };
#endif

enum { PLACES = 4 };
enum { FREE, FILLED, MUTEX }; /* the semaphores of the set */

static struct {
  int numbers[PLACES], put, taken; /* how many were put and taken, since the buffer was empty */
  pthread_mutex_t lock;
  pthread_cond_t changed;
} *buffer;

static int set;

static void change(int semaphore, int by) {
  /* When a process dies, the kernel unlocks its mutex. The other two semaphores count numbers, which do not die with it. */
  struct sembuf operation = {.sem_num = semaphore, .sem_op = by, .sem_flg = semaphore == MUTEX ? SEM_UNDO : 0};
  while (semop(set, &operation, 1) < 0)
    if (errno != EINTR) perror("semop"), exit(1);
}

static void fill(int number) {
  buffer->numbers[buffer->put % PLACES] = number;
  printf("put %d at %d\n", number, buffer->put);
  buffer->put++;
}

static void empty(void) {
  printf("took %d at %d\n", buffer->numbers[buffer->taken % PLACES], buffer->taken);
  buffer->taken++;
}

static void put(int number) {
  change(FREE, -1);
  change(MUTEX, -1);
  fill(number);
  change(MUTEX, 1);
  change(FILLED, 1);
}

static void take(void) {
  change(FILLED, -1);
  change(MUTEX, -1);
  empty();
  change(MUTEX, 1);
  change(FREE, 1);
}

static void put_mutex_first(int number) {
  change(MUTEX, -1);
  change(FREE, -1); /* wrong: while it waits here for a free place, no consumer gets the mutex */
  fill(number);
  change(MUTEX, 1);
  change(FILLED, 1);
}

static void wait_for_change(void) {
  printf("waits\n");
  pthread_cond_wait(&buffer->changed, &buffer->lock); /* unlocks, waits, and locks again */
}

static void take_with_lock(int tests_again) {
  pthread_mutex_lock(&buffer->lock);
  if (buffer->taken == buffer->put) wait_for_change();
  while (tests_again && buffer->taken == buffer->put) wait_for_change();
  empty(); /* without `while`, another process may have emptied the buffer since the change */
  pthread_mutex_unlock(&buffer->lock);
}

static void put_and_wake(int number) {
  pthread_mutex_lock(&buffer->lock);
  fill(number);
  pthread_cond_broadcast(&buffer->changed);
  pthread_mutex_unlock(&buffer->lock);
}

static void reset(void) {
  pthread_mutexattr_t for_lock;
  pthread_condattr_t for_changed;
  memset(buffer, 0, sizeof *buffer);
  pthread_mutexattr_init(&for_lock);
  pthread_mutexattr_setpshared(&for_lock, PTHREAD_PROCESS_SHARED);
  pthread_mutex_init(&buffer->lock, &for_lock);
  pthread_condattr_init(&for_changed);
  pthread_condattr_setpshared(&for_changed, PTHREAD_PROCESS_SHARED);
  pthread_cond_init(&buffer->changed, &for_changed);
  semctl(set, FREE, SETVAL, (union semun){.val = PLACES});
  semctl(set, FILLED, SETVAL, (union semun){.val = 0});
  semctl(set, MUTEX, SETVAL, (union semun){.val = 1});
}

int main(int argc, char **argv) {
  char line[100];
  int one, other, is_first = argc < 3;
  set = is_first ? semget(IPC_PRIVATE, 3, 0600) : atoi(argv[1]);
  int memory = is_first ? shmget(IPC_PRIVATE, sizeof *buffer, 0600) : atoi(argv[2]);
  buffer = shmat(memory, NULL, 0);
  if (buffer == (void *)-1) return perror("shmat"), 1;
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (is_first) reset(), printf("%d %d\n", set, memory);
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "put %d %d", &one, &other) == 2) while (one <= other) put(one++);
    else if (sscanf(line, "take %d", &one) == 1) while (one-- > 0) take();
    else if (sscanf(line, "put-mutex-first %d", &one) == 1) put_mutex_first(one);
    else if (sscanf(line, "put-and-wake %d", &one) == 1) put_and_wake(one);
    else if (strcmp(line, "take-if\n") == 0) take_with_lock(0);
    else if (strcmp(line, "take-while\n") == 0) take_with_lock(1);
    else if (strcmp(line, "reset\n") == 0) reset();
    else printf("unknown command\n");
    printf("done\n");
  }
  if (is_first) semctl(set, 0, IPC_RMID), shmctl(memory, IPC_RMID, NULL);
  return 0;
}
