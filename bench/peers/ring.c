/* ring MESSAGES CAPACITY: messages of 64 bytes, each after its length, through a ring from one thread to another thread
 * that spins. 64 messages are published together. Prints nanoseconds and the sum of the first bytes. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SIZE 72 /* 4 bytes of length and 64 of message, rounded up to a multiple of 8 */

static _Alignas(64) _Atomic uint32_t tail;
static _Alignas(64) _Atomic uint32_t head;
static _Alignas(64) uint32_t capacity;
static char *data;
static long messages;

static void copy_in(uint32_t at, const char *bytes, uint32_t n) {
  uint32_t start = at & (capacity - 1), first = capacity - start;
  if (n <= first) memcpy(data + start, bytes, n);
  else memcpy(data + start, bytes, first), memcpy(data, bytes + first, n - first);
}

static void *produce(void *unused) {
  uint32_t mine = 0, theirs = 0, length = 64;
  char message[64] = {0};
  for (long i = 0; i < messages; i++) {
    message[0] = (char)i;
    if (capacity - (mine - theirs) < SIZE) {
      atomic_store_explicit(&tail, mine, memory_order_release);
      while (capacity - (mine - (theirs = atomic_load_explicit(&head, memory_order_acquire))) < SIZE);
    }
    copy_in(mine, (char *)&length, 4);
    copy_in(mine + 4, message, 64);
    mine += SIZE;
    if (i % 64 == 63) atomic_store_explicit(&tail, mine, memory_order_release);
  }
  atomic_store_explicit(&tail, mine, memory_order_release);
  return unused;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  messages = atol(argv[1]);
  capacity = (uint32_t)atol(argv[2]);
  data = aligned_alloc(64, capacity);
  memset(data, 0, capacity);
  struct timespec a, b;
  clock_gettime(CLOCK_MONOTONIC, &a);
  pthread_t thread;
  pthread_create(&thread, NULL, produce, NULL);
  uint32_t mine = 0, theirs = 0;
  long sum = 0;
  for (long got = 0; got < messages;) {
    while ((theirs = atomic_load_explicit(&tail, memory_order_acquire)) == mine);
    for (; mine != theirs; mine += SIZE, got++) {
      uint32_t length;
      memcpy(&length, data + (mine & (capacity - 1)), 4);
      if (length != 64) return 1;
      sum += (unsigned char)data[(mine + 4) & (capacity - 1)];
    }
    atomic_store_explicit(&head, mine, memory_order_release);
  }
  clock_gettime(CLOCK_MONOTONIC, &b);
  pthread_join(thread, NULL);
  printf("%ld %ld\n", (b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec, sum);
  return 0;
}
