/*
 * What do parent and child share after fork(2)? Each variable is set to 1, the child sets it to 2, the parent looks.
 *
 *     cc -Wall -o /tmp/fork-shares examples/fork-shares.c && /tmp/fork-shares
 *
 * The address stays the same in both processes; only for MAP_SHARED it also stays the same memory. The permissions
 * are those of /proc/PID/maps, where p means private (copied when somebody writes) and s means shared.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct variable {
  const char *name;
  volatile int *at;
};

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int *map(int how) {
  int *at = mmap(NULL, sizeof *at, PROT_READ | PROT_WRITE, how | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) die("mmap");
  return at;
}

/* The permissions of the mapping that holds this address, such as rw-p; ? where there is no /proc. */
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
  fflush(stdout); /* or the child would inherit, and print again, what is still in the buffer */
}

int main(void) {
  volatile int stack = 1;
  int *heap = malloc(sizeof *heap);
  if (!heap) die("malloc");
  struct variable variables[] = {
      {"stack", &stack}, {"heap", heap}, {"MAP_PRIVATE", map(MAP_PRIVATE)}, {"MAP_SHARED", map(MAP_SHARED)}};
  int count = sizeof variables / sizeof *variables;
  for (int i = 0; i < count; i++) *variables[i].at = 1;

  FILE *file = tmpfile();
  if (!file) die("tmpfile");
  int fd = fileno(file);
  if (write(fd, "0123456789", 10) != 10 || lseek(fd, 0, SEEK_SET) != 0) die("the temporary file");

  show("parent, before fork", variables, count, fd);
  pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    char bytes[5];
    for (int i = 0; i < count; i++) *variables[i].at = 2;
    if (read(fd, bytes, sizeof bytes) != sizeof bytes) die("read");
    show("child, after it wrote 2 everywhere and read 5 bytes", variables, count, fd);
    _exit(0);
  }
  int status;
  if (waitpid(child, &status, 0) < 0) die("waitpid");
  if (status != 0) return 1;
  show("parent, after the child has ended", variables, count, fd);

  printf("shared:");
  for (int i = 0; i < count; i++)
    if (*variables[i].at == 2) printf(" %s,", variables[i].name);
  printf(" %s\n", lseek(fd, 0, SEEK_CUR) == 5 ? "file offset" : "no file offset");
  return 0;
}
