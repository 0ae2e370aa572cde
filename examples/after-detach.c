/*
 * What is at the address of a segment after shmdt(2)?
 *
 *     cc -Wall -o /tmp/after-detach examples/after-detach.c && /tmp/after-detach
 *
 * It attaches a segment that it creates, or the one with the id in its argument. Press Enter for each step: it detaches the segment,
 * and then it reads from the address that it has kept. `grep SYSV /proc/PID/maps` shows the mapping before the first step.
 *
 * `osdemo shm demo` runs it. At end of file on stdin it exits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void wait_for_enter(void) {
  int byte;
  fflush(stdout);
  do {
    byte = getchar();
    if (byte == EOF) exit(0);
  } while (byte != '\n');
}

/* The segment is marked for removal at once, so the kernel removes it when this process detaches it. */
static char *attach_new(void) {
  int id = shmget(IPC_PRIVATE, 1024, IPC_CREAT | 0600);
  if (id < 0) die("shmget");
  char *memory = shmat(id, NULL, 0);
  if (shmctl(id, IPC_RMID, NULL) < 0) die("shmctl");
  return memory;
}

int main(int argc, char **argv) {
  char *memory = argc > 1 ? shmat(atoi(argv[1]), NULL, 0) : attach_new();
  if (memory == (char *)-1) die("shmat");
  if (argc == 1) strcpy(memory, "hello");
  printf("process %d: attached at %p, the first byte is %d\n", getpid(), (void *)memory, *memory);
  wait_for_enter();

  if (shmdt(memory) < 0) die("shmdt");
  printf("detached\n");
  wait_for_enter();

#ifdef __linux__
  prctl(PR_SET_DUMPABLE, 0); /* no core file */
#endif
  printf("the first byte is %d\n", *(volatile char *)memory);
  return 0;
}
