/*
 * What do parent and child share after fork(2)? The parent sets each variable to 1, the child sets it to 2, and the parent prints it.
 *
 *     cc -Wall -o /tmp/fork-shares examples/fork-shares.c && /tmp/fork-shares
 *
 * A variable has the same address in both processes. For MAP_SHARED and System V, this is the same memory too. The permissions
 * are those of /proc/PID/maps, where p means private (copied when a process writes to it) and s means shared.
 *
 * `osdemo process fork` runs it with the argument `steps`. Then it waits for a line on stdin before each step, so that osdemo can
 * read the memory of both processes meanwhile. At end of file on stdin it exits.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

/* Each variable has 64 KiB, so that most of its pages contain nothing else: the kernel copies whole pages. */
enum { bytes = 64 * 1024, numbers = bytes / sizeof(int), step_size = 4096 / sizeof(int) };

struct variable {
  const char *name;
  volatile int *at;
};

static volatile int data[numbers] = {-1};
static int steps;

static void die(const char *what) {
  perror(what);
  exit(1);
}

/* Reads a line byte by byte, because a buffer of stdio would be written to, which would copy its pages. */
static void next_step(void) {
  char byte = 0;
  while (steps && byte != '\n')
    if (read(0, &byte, 1) != 1) _exit(1);
}

static volatile int *map(int how) {
  void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, how | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) die("mmap");
  return at;
}

/* The segment is marked for removal at once, so the kernel removes it when the last process detaches it or exits. */
static volatile int *attach_segment(void) {
  int id = shmget(IPC_PRIVATE, bytes, IPC_CREAT | 0600);
  if (id < 0) die("shmget");
  void *at = shmat(id, NULL, 0);
  if (shmctl(id, IPC_RMID, NULL) < 0) die("shmctl");
  if (at == (void *)-1) die("shmat");
  return at;
}

static void set(volatile int *at, int value) {
  for (int i = 0; i < numbers; i += step_size) at[i] = value;
}

/* The permissions of the mapping that contains this address, such as rw-p; ? where there is no /proc. */
static const char *permissions(volatile void *at) {
  static char found[5];
  unsigned long start, end, address = (unsigned long)at;
  char line[512];
  strcpy(found, "?");
  FILE *maps = fopen("/proc/self/maps", "r");
  if (!maps) return found;
  while (fgets(line, sizeof line, maps)) {
    char rights[5];
    if (sscanf(line, "%lx-%lx %4s", &start, &end, rights) != 3) continue;
    if (start <= address && address < end) strcpy(found, rights);
  }
  fclose(maps);
  return found;
}

static void show(const char *title, struct variable *variables, int count, int fd) {
  printf("%s\n", title);
  for (int i = 0; i < count; i++) {
    printf("  %-12s %18p  %-4s  %d\n", variables[i].name, (void *)variables[i].at, permissions(variables[i].at),
           *variables[i].at);
  }
  printf("  %-12s %17s%d        %ld\n", "file offset", "fd ", fd, (long)lseek(fd, 0, SEEK_CUR));
  fflush(stdout); /* otherwise the child would inherit the text in the buffer, and print it again */
}

int main(int argc, char **argv) {
  steps = argc > 1 && strcmp(argv[1], "steps") == 0;
  next_step();
  volatile int stack[numbers];
  int *heap = malloc(bytes);
  if (!heap) die("malloc");
  struct variable variables[] = {{"stack", stack},
                                 {"heap", heap},
                                 {"data", data},
                                 {"MAP_PRIVATE", map(MAP_PRIVATE)},
                                 {"MAP_SHARED", map(MAP_SHARED)},
                                 {"System V", attach_segment()}};
  int count = sizeof variables / sizeof *variables;
  for (int i = 0; i < count; i++) set(variables[i].at, 1);

  FILE *file = tmpfile();
  if (!file) die("tmpfile");
  int fd = fileno(file);
  if (write(fd, "0123456789", 10) != 10 || lseek(fd, 0, SEEK_SET) != 0) die("the temporary file");

  show("parent, before fork", variables, count, fd);
  next_step();
  pid_t parent = getpid(), child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    char buffer[5];
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* the child dies with its parent, which may have died before this call */
    if (getppid() != parent) _exit(1);
#endif
    next_step();
    show("child, before it writes anything", variables, count, fd);
    next_step();
    for (int i = 0; i < count; i++) set(variables[i].at, 2);
    if (read(fd, buffer, sizeof buffer) != sizeof buffer) die("read");
    show("child, after it wrote 2 everywhere and read 5 bytes", variables, count, fd);
    next_step();
    _exit(0);
  }
  int status;
  if (waitpid(child, &status, 0) < 0) die("waitpid");
  if (!WIFEXITED(status)) return 1; /* a signal killed it */
  char title[64];
  snprintf(title, sizeof title, "parent, after the child exited with code %d", WEXITSTATUS(status));
  show(title, variables, count, fd);
  next_step();

  printf("shared:");
  for (int i = 0; i < count; i++)
    if (*variables[i].at == 2) printf(" %s,", variables[i].name);
  printf(" %s\n", lseek(fd, 0, SEEK_CUR) == 5 ? "file offset" : "no file offset");
  return 0;
}
