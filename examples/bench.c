/*
 * Messages through one mechanism between two processes: the C side of `osdemo bench --against c`.
 *
 *     cc -O2 -o bench bench.c -pthread -lrt
 *     echo 'latency 64 1000 1000 0 1' | ./bench pipe
 *
 * Each line of stdin is a task: latency or throughput, bytes of a message, how many, after how many the receiver answers, and the
 * CPUs of both processes (-1 for any). It prints the p50, p90 and p99 of the round trips, and the time of all, in microseconds.
 * Every message differs from the one before, and its receiver compares all of it. A System V queue is named by its id.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LONGEST (1 << 20)
#define MQ_LONGEST 8192

struct task { char mode[16]; long size, count, window; int cpu[2]; };

/* A message in shared memory. The flag is 1 while it is full; with semaphores, `filled` and `room` say that. */
struct slot { _Alignas(64) atomic_int flag, sleeps; sem_t filled, room; char bytes[LONGEST]; };

static int ends[2][2];                /* for each side: what it reads from, what it writes to */
static int side, queue, spins;
static struct slot *slots;            /* slot N carries what side N sends */
static struct { long type; char bytes[LONGEST]; } sent, received;

static void fail(const char *what) { perror(what); exit(1); }

static void fd_send(size_t n) {
  for (size_t done = 0; done < n;) {
    ssize_t k = write(ends[side][1], sent.bytes + done, n - done);
    if (k <= 0) fail("write");
    done += k;
  }
}

static void fd_receive(size_t n) {
  for (size_t done = 0; done < n;) {
    ssize_t k = read(ends[side][0], received.bytes + done, n - done);
    if (k <= 0) fail("read");
    done += k;
  }
}

static void msg_send(size_t n) {
  sent.type = side + 1;
  if (msgsnd(queue, &sent, n, 0) < 0) fail("msgsnd");
}

static void msg_receive(size_t n) {
  if (msgrcv(queue, &received, n, 2 - side, 0) < 0) fail("msgrcv");
}

static void mq_out(size_t n) {
  if (mq_send(ends[side][1], sent.bytes, n, 0) < 0) fail("mq_send");
}

static void mq_in(size_t n) {
  (void)n;
  if (mq_receive(ends[side][0], received.bytes, MQ_LONGEST, NULL) < 0) fail("mq_receive");
}

static void sem_out(size_t n) {
  sem_wait(&slots[side].room);
  memcpy(slots[side].bytes, sent.bytes, n);
  sem_post(&slots[side].filled);
}

static void sem_in(size_t n) {
  sem_wait(&slots[!side].filled);
  memcpy(received.bytes, slots[!side].bytes, n);
  sem_post(&slots[!side].room);
}

static void until(struct slot *s, int wanted) {
  while (atomic_load(&s->flag) != wanted) {
    if (spins) continue;
    atomic_store(&s->sleeps, 1);
    syscall(SYS_futex, &s->flag, FUTEX_WAIT, !wanted, NULL, NULL, 0);
  }
}

static void set(struct slot *s, int value) {
  atomic_store(&s->flag, value);
  if (!spins && atomic_exchange(&s->sleeps, 0)) syscall(SYS_futex, &s->flag, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void flag_out(size_t n) {
  until(&slots[side], 0);
  memcpy(slots[side].bytes, sent.bytes, n);
  set(&slots[side], 1);
}

static void flag_in(size_t n) {
  until(&slots[!side], 1);
  memcpy(received.bytes, slots[!side].bytes, n);
  set(&slots[!side], 0);
}

static void (*give)(size_t) = fd_send, (*take)(size_t) = fd_receive;

static void both(int one, int other) {
  ends[0][0] = ends[0][1] = one;
  ends[1][0] = ends[1][1] = other;
}

static void inet(int type) {
  int a = socket(AF_INET, type, 0), b = socket(AF_INET, type, 0), yes = 1;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, other = at;
  socklen_t n = sizeof at;
  if (bind(a, (void *)&at, n) < 0 || getsockname(a, (void *)&at, &n) < 0) fail("bind");
  if (type == SOCK_STREAM) listen(a, 1);
  else if (bind(b, (void *)&other, n) < 0 || getsockname(b, (void *)&other, &n) < 0) fail("bind");
  if (connect(b, (void *)&at, n) < 0) fail("connect");
  if (type == SOCK_DGRAM && connect(a, (void *)&other, n) < 0) fail("connect");
  if (type == SOCK_STREAM) {
    a = accept(a, NULL, NULL);
    setsockopt(a, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    setsockopt(b, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }
  both(a, b);
}

static int own_queue(void) {
  struct mq_attr shape = {.mq_maxmsg = 10, .mq_msgsize = MQ_LONGEST};
  char name[40];
  snprintf(name, sizeof name, "/osdemo-bench-%d", getpid());
  mqd_t made = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &shape);
  if (made < 0) fail("mq_open");
  mq_unlink(name);
  return made;
}

static void open_channel(const char *name, const char *id) {
  int one[2], other[2], type = strcmp(name, "unix-datagram") ? SOCK_STREAM : SOCK_DGRAM;
  slots = mmap(NULL, 2 * sizeof *slots, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (!strcmp(name, "tcp")) inet(SOCK_STREAM);
  else if (!strcmp(name, "udp")) inet(SOCK_DGRAM);
  else if (!strcmp(name, "sysv-queue")) queue = atoi(id), give = msg_send, take = msg_receive;
  else if (!strcmp(name, "posix-shm")) give = sem_out, take = sem_in;
  else if (!strncmp(name, "shm-ring", 8)) give = flag_out, take = flag_in, spins = name[8] != 0;
  else if (!strcmp(name, "socketpair") || type == SOCK_DGRAM) {
    if (socketpair(AF_UNIX, type, 0, one) < 0) fail("socketpair");
    both(one[0], one[1]);
  } else {
    if (!strcmp(name, "pipe")) {
      if (pipe(one) < 0 || pipe(other) < 0) fail("pipe");
    } else if (!strcmp(name, "eventfd")) {
      one[0] = one[1] = eventfd(0, 0), other[0] = other[1] = eventfd(0, 0);
    } else if (!strcmp(name, "posix-queue")) {
      one[0] = one[1] = own_queue(), other[0] = other[1] = own_queue(), give = mq_out, take = mq_in;
    } else exit(2);
    ends[0][0] = other[0], ends[0][1] = one[1], ends[1][0] = one[0], ends[1][1] = other[1];
  }
  for (int n = 0; n < 2; n++) sem_init(&slots[n].filled, 1, 0), sem_init(&slots[n].room, 1, 1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void stamp(const struct task *t, long number) { sent.bytes[0] = sent.bytes[t->size - 1] = (char)number; }

static void check(const struct task *t) {
  if (memcmp(sent.bytes, received.bytes, t->size)) fputs("a message arrived changed\n", stderr), exit(1);
}

static int ascending(const void *a, const void *b) {
  double d = *(const double *)a - *(const double *)b;
  return (d > 0) - (d < 0);
}

static void play(const struct task *t) {
  int latency = !strcmp(t->mode, "latency");
  double *times = calloc(t->count, sizeof *times), begun = now(), last = begun;
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (t->cpu[side] >= 0) {
    CPU_SET(t->cpu[side], &cpus);
    sched_setaffinity(0, sizeof cpus, &cpus);
  }
  for (long n = 0; n < t->size; n++) sent.bytes[n] = (char)(n * 31 + 7);
  begun = last = now();
  for (long n = 0; n < t->count; n++) {
    int answers = latency || (n + 1) % t->window == 0 || n + 1 == t->count;
    stamp(t, n);
    if (side == 0) give(t->size);
    if (side == 1 || answers) take(t->size), check(t);
    if (side == 1 && answers) give(t->size);
    double time = now();
    times[n] = time - last, last = time;
  }
  double all = now() - begun;
  qsort(times, t->count, sizeof *times, ascending);
  if (side == 0)
    printf("%.3f %.3f %.3f %.3f\n", times[t->count / 2], times[t->count * 9 / 10], times[t->count * 99 / 100], all);
  fflush(stdout);
  free(times);
}

static void gone(int number) { (void)number, _exit(1); } /* the other side has failed, and would never answer */

int main(int argc, char **argv) {
  int control[2];
  struct task t = {0};
  if (argc < 2 || pipe(control) < 0) return 2;
  open_channel(argv[1], argc > 2 ? argv[2] : "0");
  if (fork() == 0) {
    side = 1;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* it may be blocked in a call that no end of file ends */
    close(control[1]);
    while (read(control[0], &t, sizeof t) == sizeof t) play(&t);
    _exit(0);
  }
  signal(SIGCHLD, gone);
  while (scanf("%15s %ld %ld %ld %d %d", t.mode, &t.size, &t.count, &t.window, &t.cpu[0], &t.cpu[1]) == 6) {
    if (t.size < 1 || t.size > LONGEST || t.count < 1 || t.window < 1) return 2;
    if (write(control[1], &t, sizeof t) != sizeof t) fail("write");
    play(&t);
  }
  return 0;
}
