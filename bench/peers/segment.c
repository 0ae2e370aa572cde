/* segment WAY COUNT CPU OTHER: the same work as bench/peers/segment.ts, in two processes that share a System V segment. The
 * parent runs on CPU, its child on OTHER. Prints nanoseconds and the result. */
#define _GNU_SOURCE
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CAPACITY 65536
#define SIZE 72 /* 4 bytes of length and 64 of message, rounded up to a multiple of 8 */

struct lock {
  _Alignas(64) pthread_mutex_t mutex;
};

static struct {
  _Alignas(64) _Atomic int32_t turn;
  _Alignas(64) _Atomic uint32_t tail;
  _Alignas(64) _Atomic uint32_t head;
  struct lock locks[3];
  _Alignas(64) volatile long counted;
  _Alignas(64) _Atomic int ready;
  _Alignas(64) char data[CAPACITY];
} *shared;

static void copy_in(uint32_t at, const char *bytes, uint32_t n) {
  uint32_t start = at & (CAPACITY - 1), first = CAPACITY - start;
  if (n <= first) memcpy(shared->data + start, bytes, n);
  else memcpy(shared->data + start, bytes, first), memcpy(shared->data, bytes + first, n - first);
}

static void send_all(long count) {
  uint32_t mine = 0, theirs = 0, length = 64;
  char message[64] = {0};
  for (long i = 0; i < count; i++) {
    message[0] = (char)i;
    if (CAPACITY - (mine - theirs) < SIZE) {
      atomic_store_explicit(&shared->tail, mine, memory_order_release);
      while (CAPACITY - (mine - (theirs = atomic_load_explicit(&shared->head, memory_order_acquire))) < SIZE);
    }
    copy_in(mine, (char *)&length, 4);
    copy_in(mine + 4, message, 64);
    mine += SIZE;
    if (i % 64 == 63) atomic_store_explicit(&shared->tail, mine, memory_order_release);
  }
  atomic_store_explicit(&shared->tail, mine, memory_order_release);
}

static long receive_all(long count) {
  uint32_t mine = 0, theirs = 0, length;
  long sum = 0;
  for (long got = 0; got < count;) {
    while ((theirs = atomic_load_explicit(&shared->tail, memory_order_acquire)) == mine);
    for (; mine != theirs; mine += SIZE, got++) {
      memcpy(&length, shared->data + (mine & (CAPACITY - 1)), 4);
      if (length != 64) exit(1);
      sum += (unsigned char)shared->data[(mine + 4) & (CAPACITY - 1)];
    }
    atomic_store_explicit(&shared->head, mine, memory_order_release);
  }
  return sum;
}

static long ring(long count, int first) {
  if (first) return receive_all(count);
  send_all(count);
  return count;
}

static void wait_for(int32_t turn, int asleep) {
  int32_t seen;
  while ((seen = atomic_load_explicit(&shared->turn, memory_order_acquire)) != turn)
    if (asleep) syscall(SYS_futex, &shared->turn, FUTEX_WAIT, seen, NULL, NULL, 0);
}

static long take_turns(long count, int first, int asleep) {
  int32_t turn = first ? 0 : 1;
  for (long i = 0; i < count; i++, turn += 2) {
    wait_for(turn, asleep);
    atomic_store_explicit(&shared->turn, turn + 1, memory_order_release);
    if (asleep) syscall(SYS_futex, &shared->turn, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
  }
  if (first) wait_for(turn, asleep);
  return shared->turn;
}

static long lock_alone(long count, int first) {
  if (!first) return 0;
  for (long i = 0; i < count; i++) {
    if (pthread_mutex_lock(&shared->locks[0].mutex)) exit(1);
    shared->counted++;
    if (pthread_mutex_unlock(&shared->locks[0].mutex)) exit(1);
  }
  return shared->counted;
}

static long hand_over(long count, int first) {
  int held = first ? 0 : 1;
  for (long i = 0; i < count; i++) {
    int next = (held + 1) % 3;
    if (pthread_mutex_lock(&shared->locks[next].mutex)) exit(1);
    shared->counted++;
    if (pthread_mutex_unlock(&shared->locks[held].mutex)) exit(1);
    held = next;
  }
  return shared->counted;
}

static long part(const char *way, long count, int first) {
  if (!strcmp(way, "ring")) return ring(count, first);
  if (!strcmp(way, "spin")) return take_turns(count, first, 0);
  if (!strcmp(way, "sleep")) return take_turns(count, first, 1);
  if (!strcmp(way, "lock")) return lock_alone(count, first);
  if (!strcmp(way, "handOver")) return hand_over(count, first);
  exit(2);
}

static void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set)) perror("sched_setaffinity"), exit(1);
}

static void make_locks(void) {
  pthread_mutexattr_t robust;
  pthread_mutexattr_init(&robust);
  pthread_mutexattr_setpshared(&robust, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST);
  for (int i = 0; i < 3; i++) pthread_mutex_init(&shared->locks[i].mutex, &robust);
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  const char *way = argv[1];
  long count = atol(argv[2]);
  int id = shmget(IPC_PRIVATE, sizeof *shared, 0600);
  shared = shmat(id, NULL, 0);
  shmctl(id, IPC_RMID, NULL); /* freed when both processes have exited */
  if (shared == (void *)-1) return perror("shmat"), 1;
  memset(shared, 0, sizeof *shared);
  make_locks();
  int hands = !strcmp(way, "handOver");
  pin(atoi(argv[3]));
  if (hands) pthread_mutex_lock(&shared->locks[0].mutex);
  pid_t child = fork();
  if (child < 0) return perror("fork"), 1;
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pin(atoi(argv[4]));
    if (hands) pthread_mutex_lock(&shared->locks[1].mutex);
    shared->ready = 1;
    part(way, count, 0);
    return 0;
  }
  while (!shared->ready) sched_yield();
  struct timespec a, b;
  clock_gettime(CLOCK_MONOTONIC, &a);
  long result = part(way, count, 1);
  clock_gettime(CLOCK_MONOTONIC, &b);
  printf("%ld %ld\n", (b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec, result);
  return 0;
}
