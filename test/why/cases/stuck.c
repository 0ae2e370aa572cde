/* One program for each way to be stuck: `stuck CASE [FILE]`. It prints a line of JSON with what is true, and blocks. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *file;

/* No child outlives its parent. */
static pid_t child(void) {
  pid_t pid = fork();
  if (pid == 0) prctl(PR_SET_PDEATHSIG, SIGKILL);
  return pid;
}

/* A child that does nothing, in its own process group where asked for. */
static pid_t idle(int own_group) {
  pid_t pid = child();
  if (pid == 0) {
    signal(SIGCHLD, SIG_DFL);
    if (own_group) setpgid(0, 0);
    for (;;) pause();
  }
  if (own_group) setpgid(pid, pid);
  return pid;
}

static void fact(const char *name, long value) {
  printf("{\"%s\":%ld}\n", name, value);
  fflush(stdout);
}

static void facts(long one, long other) {
  printf("{\"one\":%ld,\"other\":%ld}\n", one, other);
  fflush(stdout);
}

/* A child that has run this when the call returns, and then does nothing. */
static pid_t ready_child(void (*run)(void)) {
  int ready[2];
  char byte;
  pipe(ready);
  pid_t pid = child();
  if (pid == 0) {
    run();
    write(ready[1], "x", 1);
    for (;;) pause();
  }
  read(ready[0], &byte, 1);
  close(ready[0]);
  close(ready[1]);
  return pid;
}

static void on_signal(int number) { (void)number; }

/* Both ends of a TCP connection to itself. */
static void tcp_pair(int pair[2]) {
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  listen(listener, 1);
  getsockname(listener, (void *)&address, &size);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  pair[1] = socket(AF_INET, SOCK_STREAM, 0);
  connect(pair[1], (void *)&address, size);
  pair[0] = accept(listener, 0, 0);
  close(listener);
}

static void wait_any(void) {
  signal(SIGCHLD, SIG_IGN);
  pid_t one = idle(0), other = idle(0);
  facts(one, other);
  wait(0);
}

static void wait_group(void) {
  pid_t other = idle(1), one = idle(0);
  facts(one, other);
  waitpid(0, 0, 0);
}

static void wait_named_group(void) {
  pid_t one = idle(1), other = idle(0);
  facts(one, other);
  waitpid(-one, 0, 0);
}

static void wait_pidfd(void) {
  pid_t other = idle(0), one = idle(0);
  facts(one, other);
  siginfo_t info;
  waitid(3 /* P_PIDFD */, syscall(SYS_pidfd_open, one, 0), &info, WEXITED);
}

static void signal_blocked(void) {
  struct sigaction action = {.sa_handler = on_signal};
  sigset_t set;
  sigaction(SIGUSR1, &action, 0);
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, 0);
  raise(SIGUSR1);
  fact("blocked", SIGUSR1);
  pause();
}

/* The mask of the call blocks SIGUSR1, and lets SIGUSR2 in. */
static void signal_suspended(void) {
  struct sigaction action = {.sa_handler = on_signal};
  sigset_t set;
  sigaction(SIGUSR1, &action, 0);
  sigaction(SIGUSR2, &action, 0);
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  fact("blocked", SIGUSR1);
  sigsuspend(&set);
}

/* 10 bytes came and 4 were read, which is no new event. */
static void epoll_on(int input, int output, int mode) {
  char bytes[16];
  pid_t peer = child();
  if (peer == 0) {
    close(input);
    write(output, "0123456789", 10);
    for (;;) pause();
  }
  close(output);
  int set = epoll_create1(0);
  struct epoll_event event = {EPOLLIN | mode, {.fd = input}};
  epoll_ctl(set, EPOLL_CTL_ADD, input, &event);
  epoll_wait(set, &event, 1, -1);
  read(input, bytes, 4);
  facts(input, peer);
  epoll_wait(set, &event, 1, -1);
}

static void epoll_edge_pipe(void) {
  int ends[2];
  pipe(ends);
  epoll_on(ends[0], ends[1], EPOLLET);
}

static void epoll_edge_tcp(void) {
  int ends[2];
  tcp_pair(ends);
  epoll_on(ends[0], ends[1], EPOLLET);
}

static void epoll_one_shot(void) {
  int ends[2];
  pipe(ends);
  epoll_on(ends[0], ends[1], EPOLLONESHOT);
}

/* The number of a watched descriptor is taken by another pipe. */
static void epoll_stale(void) {
  int old[2], other[2];
  pipe(old);
  pipe(other);
  int set = epoll_create1(0), inner = epoll_create1(0);
  struct epoll_event event = {EPOLLIN, {.fd = 0}};
  epoll_ctl(inner, EPOLL_CTL_ADD, old[0], &event);
  epoll_ctl(set, EPOLL_CTL_ADD, inner, &event);
  int kept = dup(old[0]);
  pid_t writer = child();
  if (writer == 0) {
    close(other[1]);
    for (;;) pause();
  }
  close(old[1]);
  dup2(other[0], old[0]);
  facts(kept, writer);
  epoll_wait(set, &event, 1, -1);
}

/* Both wait to receive, for 5 minutes at most. */
static void receive_limited(void) {
  int ends[2];
  char byte;
  struct timeval limit = {300, 0};
  socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  pid_t peer = child();
  if (peer == 0) close(ends[0]);
  else close(ends[1]);
  if (peer != 0) fact("other", peer);
  recv(ends[peer == 0], &byte, 1, 0);
}

/* A circle, out of which a handler of SIGALRM may lead. */
static void receive_alarmed(void) {
  int ends[2];
  char byte;
  socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  pid_t peer = child();
  if (peer == 0) close(ends[0]);
  else close(ends[1]);
  if (peer != 0) {
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGALRM, &action, 0);
    alarm(300);
    fact("other", peer);
  }
  recv(ends[peer == 0], &byte, 1, 0);
}

static int queue_of_type_1(void) {
  struct { long type; char text[16]; } message = {1, "hi"};
  int id = msgget(IPC_PRIVATE, 0600);
  for (int i = 0; i < 3; i++) msgsnd(id, &message, 16, 0);
  return id;
}

static void message_of_type(void) {
  struct { long type; char text[16]; } message;
  int id = queue_of_type_1();
  fact("id", id);
  msgrcv(id, &message, 16, 2, 0);
  msgctl(id, IPC_RMID, 0);
}

/* It accepts every type but 1, and the queue has only that. */
static void message_not_of_type(void) {
  struct { long type; char text[16]; } message;
  int id = queue_of_type_1();
  fact("id", id);
  msgrcv(id, &message, 16, 1, MSG_EXCEPT);
  msgctl(id, IPC_RMID, 0);
}

/* Two operations: the values allow the first, and not the second. */
static void semaphore_take(void) {
  int id = semget(IPC_PRIVATE, 2, 0600);
  semctl(id, 0, SETVAL, 2);
  semctl(id, 1, SETVAL, 1);
  struct sembuf all[] = {{0, -1, 0}, {1, -3, 0}};
  facts(id, getpid());
  semop(id, all, 2);
  semctl(id, 0, IPC_RMID);
}

static void semaphore_zero(void) {
  int id = semget(IPC_PRIVATE, 2, 0600);
  semctl(id, 1, SETVAL, 2);
  struct sembuf one = {1, 0, 0};
  facts(id, getpid());
  semop(id, &one, 1);
  semctl(id, 0, IPC_RMID);
}

/* Parent and child each hold a semaphore, and wait for that of the other. */
static void semaphore_circle(void) {
  int id = semget(IPC_PRIVATE, 3, 0600);
  semctl(id, 0, SETVAL, 1);
  semctl(id, 1, SETVAL, 1);
  pid_t other = child();
  int is_child = other == 0;
  struct sembuf own = {is_child, -1, 0}, taken = {2, 1, 0}, both = {2, -2, 0}, wanted = {!is_child, -1, 0};
  semop(id, &own, 1);
  semop(id, &taken, 1);
  if (!is_child) {
    semop(id, &both, 1);
    while (semctl(id, 0, GETNCNT) == 0) usleep(1000); /* until the child waits */
    facts(id, other);
  }
  semop(id, &wanted, 1);
  semctl(id, 0, IPC_RMID);
}

/* In an IPC namespace of its own, where osdemo cannot look. It removes what it made, so nothing of that id may exist here. */
static void queue_elsewhere(void) {
  if (unshare(CLONE_NEWIPC)) {
    fact("denied", errno);
    for (;;) pause();
  }
  message_of_type();
}

/* A child prints to a terminal that its parent does not read, since it waits for the child. */
static void terminal_full(void) {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(master);
  unlockpt(master);
  const char *name = ptsname(master);
  pid_t pid = child();
  if (pid == 0) {
    close(master);
    int terminal = open(name, O_RDWR | O_NOCTTY);
    for (;;) write(terminal, "0123456789\n", 11);
  }
  fact("other", pid);
  waitpid(pid, 0, 0);
}

/* Two servers share a port, and one of them does not accept. The client connects again until its connection is in the queue of that server. */
static void port_shared(void) {
  int one = socket(AF_INET, SOCK_STREAM, 0), other = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  char byte;
  setsockopt(one, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
  bind(one, (void *)&address, size);
  getsockname(one, (void *)&address, &size);
  setsockopt(other, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
  bind(other, (void *)&address, size);
  listen(one, 5);
  listen(other, 5);
  pid_t works = child();
  if (works == 0) {
    close(other);
    for (;;) {
      int client = accept(one, 0, 0);
      write(client, "x", 1);
      close(client);
    }
  }
  pid_t stuck = child();
  if (stuck == 0) {
    close(one);
    for (;;) pause();
  }
  close(one);
  close(other);
  facts(stuck, works);
  for (;;) {
    int client = socket(AF_INET, SOCK_STREAM, 0);
    connect(client, (void *)&address, size);
    if (recv(client, &byte, 1, 0) < 1) return;
    close(client);
  }
}

/* A network namespace of its own, where this user may, so that no connection of others looks like the one that is lost. */
static int net_apart(void) {
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  if (unshare(CLONE_NEWNET)) return 0;
  return ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCSIFFLAGS, &request) == 0;
}

static void *receive_byte(void *socket) {
  char byte;
  recv(*(int *)socket, &byte, 1, 0);
  return 0;
}

/* One thread receives from a socket, and another closes it. Then a pipe takes its number. */
static void closed_under(int is_reused) {
  int ends[2], other[2];
  pthread_t thread;
  if (is_reused) socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  else {
    net_apart();
    tcp_pair(ends);
  }
  pid_t peer = child();
  if (peer == 0) {
    close(ends[0]);
    for (;;) pause();
  }
  close(ends[1]);
  pthread_create(&thread, 0, receive_byte, &ends[0]);
  usleep(100000);
  int number = ends[0];
  close(number);
  if (is_reused) {
    pipe(other);
    if (other[0] != number) dup2(other[0], number);
  }
  facts(number, peer);
  pthread_join(thread, 0);
}

static void closed_descriptor(void) { closed_under(0); }
static void reused_descriptor(void) { closed_under(1); }

static int ends[2];
static void close_client(void) { close(ends[1]); }

/* close(2) waits only where it closes the last descriptor. */
static void close_lingers(void) {
  static char bytes[65536];
  net_apart();
  tcp_pair(ends);
  pid_t peer = ready_child(close_client);
  close(ends[0]);
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  while (write(ends[1], bytes, sizeof bytes) > 0);
  fcntl(ends[1], F_SETFL, 0);
  struct linger linger = {1, 600};
  setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  fact("other", peer);
  close(ends[1]);
}

static void take_lease(void) {
  signal(SIGIO, SIG_IGN);
  fcntl(open(file, O_RDONLY), F_SETLEASE, F_RDLCK);
}

static void open_leased(void) {
  close(open(file, O_CREAT | O_RDWR, 0600));
  fact("other", ready_child(take_lease));
  open(file, O_WRONLY);
}

static void take_open_file_lock(void) {
  struct flock lock = {.l_type = F_WRLCK};
  fcntl(open(file, O_RDWR | O_CREAT, 0600), F_OFD_SETLK, &lock);
}

static void open_file_lock(void) {
  struct flock lock = {.l_type = F_WRLCK};
  fact("other", ready_child(take_open_file_lock));
  fcntl(open(file, O_RDWR), F_OFD_SETLKW, &lock);
}

static void own_open_file_lock(void) {
  struct flock lock = {.l_type = F_WRLCK};
  take_open_file_lock();
  fact("pid", getpid());
  fcntl(open(file, O_RDWR), F_OFD_SETLKW, &lock);
}

static void eventfd_full(void) {
  int counter = eventfd(0, 0);
  unsigned long number = -2ul;
  write(counter, &number, 8);
  number = 1;
  fact("other", idle(0));
  write(counter, &number, 8);
}

/* It watches a file that is then replaced, as editors do. */
static void inotify_replaced(void) {
  char bytes[100], new[200];
  sprintf(new, "%s.new", file);
  int kept = open(file, O_CREAT | O_RDWR, 0600), watch = inotify_init();
  inotify_add_watch(watch, file, IN_MODIFY);
  close(open(new, O_CREAT | O_RDWR, 0600));
  rename(new, file);
  fact("kept", kept);
  read(watch, bytes, sizeof bytes);
}

static pthread_mutex_t *shared_mutex(int is_robust) {
  pthread_mutexattr_t attributes;
  pthread_mutex_t *mutex = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  if (is_robust) pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(mutex, &attributes);
  return mutex;
}

static pthread_mutex_t *taken;
static void take_mutex(void) { pthread_mutex_lock(taken); }

static void mutex_owner_dead(void) {
  taken = shared_mutex(0);
  pid_t owner = ready_child(take_mutex);
  kill(owner, SIGKILL);
  waitpid(owner, 0, 0);
  fact("owner", owner);
  pthread_mutex_lock(taken);
}

static void mutex_owner_alive(int is_robust) {
  taken = shared_mutex(is_robust);
  fact("owner", ready_child(take_mutex));
  pthread_mutex_lock(taken);
}

static void mutex_robust(void) { mutex_owner_alive(1); }
static void mutex_shared(void) { mutex_owner_alive(0); }

static pthread_mutex_t locks[5];

static void mutex_twice(void) {
  pthread_mutex_lock(&locks[0]);
  fact("pid", getpid());
  pthread_mutex_lock(&locks[0]);
}

static pthread_barrier_t met;

static void *dine(void *place) {
  long left = (long)place;
  pthread_mutex_lock(&locks[left]);
  pthread_barrier_wait(&met);
  pthread_mutex_lock(&locks[(left + 1) % 5]);
  return 0;
}

static void philosophers(void) {
  pthread_t threads[5];
  pthread_barrier_init(&met, 0, 6);
  for (long i = 0; i < 5; i++) pthread_create(&threads[i], 0, dine, (void *)i);
  pthread_barrier_wait(&met);
  fact("pid", getpid());
  for (int i = 0; i < 5; i++) pthread_join(threads[i], 0);
}

static void named_semaphore(void) {
  char name[64];
  sprintf(name, "/osdemo-stuck-%d", getpid());
  sem_t *semaphore = sem_open(name, O_CREAT, 0600, 0);
  fact("pid", getpid());
  sem_wait(semaphore);
  sem_unlink(name);
}

static pthread_cond_t work = PTHREAD_COND_INITIALIZER;
static int source;

static void *idle_worker(void *none) {
  pthread_mutex_lock(&locks[0]);
  pthread_cond_wait(&work, &locks[0]);
  return none;
}

static void *poller(void *none) {
  int set = epoll_create1(0);
  struct epoll_event event = {EPOLLIN, {0}};
  epoll_ctl(set, EPOLL_CTL_ADD, source, &event);
  epoll_wait(set, &event, 1, -1);
  exit(0);
}

/* As in Go or Java: workers wait for work, one thread polls for all, and the main thread joins. */
static void pool(void) {
  int pipe_ends[2];
  pthread_t threads[5];
  pipe(pipe_ends);
  source = pipe_ends[0];
  pid_t peer = idle(0);
  close(pipe_ends[1]);
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], 0, idle_worker, 0);
  pthread_create(&threads[4], 0, poller, 0);
  facts(source, peer);
  pthread_join(threads[4], 0);
}

/* A background job that reads from its terminal, and is stopped by SIGTTIN. */
static void background_read(void) {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(master);
  unlockpt(master);
  const char *name = ptsname(master);
  pid_t leader = child();
  if (leader == 0) {
    char byte;
    setsid();
    int terminal = open(name, O_RDWR);
    pid_t job = child();
    if (job == 0) {
      setpgid(0, 0);
      read(terminal, &byte, 1);
      exit(0);
    }
    fact("job", job);
    waitpid(job, 0, 0);
    exit(0);
  }
  waitpid(leader, 0, 0);
}

/* A circle of 20 processes: each reads from the pipe that the one before it could write to. */
static void ring(void) {
  enum { members = 20 };
  int pipes[members][2];
  char byte;
  for (int i = 0; i < members; i++) pipe(pipes[i]);
  int place = 0;
  while (place < members - 1 && child() == 0) place++;
  for (int i = 0; i < members; i++) {
    if (i != place) close(pipes[i][0]);
    if (i != (place + 1) % members) close(pipes[i][1]);
  }
  if (place == 0) fact("members", members);
  read(pipes[place][0], &byte, 1);
}

/* As Ruby waits for a child: a handler of SIGCHLD writes to a pipe, which the main thread polls. The child cannot exit. */
static int self_pipe[2];
static void on_child(int number) { write(self_pipe[1], &number, 1); }

static void child_by_handler(void) {
  struct sigaction action = {.sa_handler = on_child};
  pid_t other = idle(0);
  pipe(self_pipe);
  sigaction(SIGCHLD, &action, 0);
  fact("other", other);
  struct pollfd one = {self_pipe[0], POLLIN};
  while (poll(&one, 1, -1) < 1) {}
}

/* Two of the threads wait for each other; the main thread does not wait for them. */
static void *dine_for_two(void *place) {
  long left = (long)place;
  pthread_mutex_lock(&locks[left]);
  pthread_barrier_wait(&met);
  pthread_mutex_lock(&locks[1 - left]);
  return 0;
}

static void two_of_three(void) {
  pthread_t threads[2];
  pthread_barrier_init(&met, 0, 3);
  for (long i = 0; i < 2; i++) pthread_create(&threads[i], 0, dine_for_two, (void *)i);
  pthread_barrier_wait(&met);
  fact("pid", getpid());
  for (;;) sleep(1000);
}

/* It reads from a counter that is 0. */
static void eventfd_empty(void) {
  int counter = eventfd(0, 0);
  unsigned long number;
  fact("other", idle(0));
  read(counter, &number, 8);
}

/* A timer that is not set never expires. */
static void timer_not_set(void) {
  unsigned long number;
  fact("pid", getpid());
  read(timerfd_create(CLOCK_MONOTONIC, 0), &number, 8);
}

/* The socket has bytes, but the pipe is full. */
static void splice_to_full(void) {
  int pair[2], ends[2];
  char bytes[65536] = "";
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  pipe(ends);
  write(ends[1], bytes, sizeof bytes);
  write(pair[0], "hello", 5);
  facts(ends[0], ends[1]);
  splice(pair[1], 0, ends[1], 0, 5, 0);
}

/* The accept queue of its own listener is full. */
static void connect_unanswered(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  bind(listener, (struct sockaddr *)&address, length);
  listen(listener, 0);
  getsockname(listener, (struct sockaddr *)&address, &length);
  fact("pid", getpid());
  for (;;) connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, length);
}

/* Two processes wait for a message of each other, one of them with a time limit. */
static void message_limited(void) {
  char name[64], text[64];
  struct mq_attr size = {.mq_maxmsg = 2, .mq_msgsize = 64};
  struct timespec end;
  sprintf(name, "/osdemo-stuck-%d", getpid());
  mqd_t queue = mq_open(name, O_RDWR | O_CREAT, 0600, &size);
  mq_unlink(name);
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += 300;
  pid_t other = child();
  if (other == 0) mq_receive(queue, text, 64, 0);
  fact("other", other);
  mq_timedreceive(queue, text, 64, 0, &end);
}

/* The child stopped for its tracer, which does not continue it. */
static void traced(void) {
  pid_t other = fork();
  if (other == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    _exit(0);
  }
  waitpid(other, 0, 0);
  fact("other", other);
  for (;;) pause();
}

static int set_of_one;

static void take_semaphore(void) {
  struct sembuf take = {0, -1, SEM_UNDO};
  semop(set_of_one, &take, 1);
}

/* A child took the last 1, and this process waits for at most 5 minutes. */
static void semaphore_limited(void) {
  struct sembuf take = {0, -1, 0};
  struct timespec limit = {300, 0};
  set_of_one = semget(IPC_PRIVATE, 1, 0600);
  semctl(set_of_one, 0, SETVAL, 1);
  facts(set_of_one, ready_child(take_semaphore));
  semtimedop(set_of_one, &take, 1, &limit);
  semctl(set_of_one, 0, IPC_RMID);
}

/* A semaphore in memory that a child has mapped too. */
static void semaphore_in_memory(void) {
  int fd = open(file, O_CREAT | O_RDWR, 0600);
  ftruncate(fd, 4096);
  sem_t *semaphore = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  sem_init(semaphore, 1, 0);
  fact("other", idle(0));
  sem_wait(semaphore);
}

/* A child has the queue open for writing. */
static void message_expected(void) {
  char name[64], text[64];
  struct mq_attr size = {.mq_maxmsg = 2, .mq_msgsize = 64};
  sprintf(name, "/osdemo-stuck-%d", getpid());
  mqd_t queue = mq_open(name, O_RDWR | O_CREAT, 0600, &size);
  mq_unlink(name);
  fact("other", idle(0));
  mq_receive(queue, text, 64, 0);
}

/* It accepts types up to 2, and the queue has one message of type 5. */
static void message_up_to_type(void) {
  struct { long type; char text[16]; } message = {5, "hi"};
  int id = msgget(IPC_PRIVATE, 0600);
  msgsnd(id, &message, 16, 0);
  fact("id", id);
  msgrcv(id, &message, 16, -2, 0);
  msgctl(id, IPC_RMID, 0);
}

static int first_byte;

static void lock_record(void) {
  struct flock lock = {.l_type = F_WRLCK, .l_start = first_byte, .l_len = 10};
  fcntl(open(file, O_RDWR | O_CREAT, 0600), F_SETLK, &lock);
}

/* A shared lock of the first 100 bytes. Two children have locked ten of them each, and a third one ten others. */
static void record_lock(void) {
  struct flock lock = {.l_type = F_RDLCK, .l_len = 100};
  first_byte = 10;
  pid_t one = ready_child(lock_record);
  first_byte = 90;
  pid_t other = ready_child(lock_record);
  first_byte = 100;
  ready_child(lock_record);
  facts(one, other);
  fcntl(open(file, O_RDWR), F_SETLKW, &lock);
}

static void share_file(void) { flock(open(file, O_RDWR | O_CREAT, 0600), LOCK_SH); }

static void exclusive_flock(void) {
  pid_t one = ready_child(share_file), other = ready_child(share_file);
  facts(one, other);
  flock(open(file, O_RDWR), LOCK_EX);
}

static void signal_awaited(void) {
  int number;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, 0);
  fact("pid", getpid());
  sigwait(&set, &number);
}

/* It waits for one child, which reads a pipe, of which the other child has the write end. */
static void wait_child(void) {
  int ends[2];
  char byte;
  siginfo_t info;
  pipe(ends);
  pid_t other = idle(0), one = child();
  if (one == 0) {
    close(ends[1]);
    _exit(read(ends[0], &byte, 1));
  }
  close(ends[1]);
  facts(one, other);
  waitid(P_PID, one, &info, WEXITED);
}

int main(int count, char **words) {
  struct { const char *name; void (*run)(void); } all[] = {
    {"wait-all", wait_any},
    {"wait-group", wait_group},
    {"wait-named-group", wait_named_group},
    {"wait-pidfd", wait_pidfd},
    {"signal-blocked", signal_blocked},
    {"signal-suspended", signal_suspended},
    {"message-of-type", message_of_type},
    {"message-not-of-type", message_not_of_type},
    {"semaphore-take", semaphore_take},
    {"semaphore-zero", semaphore_zero},
    {"semaphore-circle", semaphore_circle},
    {"queue-elsewhere", queue_elsewhere},
    {"terminal-full", terminal_full},
    {"port-shared", port_shared},
    {"closed-descriptor", closed_descriptor},
    {"reused-descriptor", reused_descriptor},
    {"close-lingers", close_lingers},
    {"open-leased", open_leased},
    {"open-file-lock", open_file_lock},
    {"own-open-file-lock", own_open_file_lock},
    {"eventfd-full", eventfd_full},
    {"inotify-replaced", inotify_replaced},
    {"mutex-owner-dead", mutex_owner_dead},
    {"mutex-robust", mutex_robust},
    {"mutex-shared", mutex_shared},
    {"mutex-twice", mutex_twice},
    {"philosophers", philosophers},
    {"named-semaphore", named_semaphore},
    {"pool", pool},
    {"background-read", background_read},
    {"ring", ring},
    {"child-by-handler", child_by_handler},
    {"epoll-edge-pipe", epoll_edge_pipe},
    {"epoll-edge-tcp", epoll_edge_tcp},
    {"epoll-one-shot", epoll_one_shot},
    {"epoll-stale", epoll_stale},
    {"receive-limited", receive_limited},
    {"receive-alarmed", receive_alarmed},
    {"traced", traced},
    {"two-of-three", two_of_three},
    {"eventfd-empty", eventfd_empty},
    {"timer-not-set", timer_not_set},
    {"splice-to-full", splice_to_full},
    {"connect-unanswered", connect_unanswered},
    {"message-limited", message_limited},
    {"semaphore-limited", semaphore_limited},
    {"semaphore-in-memory", semaphore_in_memory},
    {"message-expected", message_expected},
    {"message-up-to-type", message_up_to_type},
    {"record-lock", record_lock},
    {"exclusive-flock", exclusive_flock},
    {"signal-awaited", signal_awaited},
    {"wait-child", wait_child},
  };
  file = count > 2 ? words[2] : "";
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
    if (!strcmp(all[i].name, words[1])) all[i].run();
  return 0;
}
