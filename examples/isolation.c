/*
 * One program as two processes: is a variable at the same address the same variable?
 *
 *     cc -Wall -no-pie -o /tmp/isolation examples/isolation.c
 *     /tmp/isolation 1    in one terminal
 *     /tmp/isolation 2    in another
 *
 * Each stores its number in a variable. Then it obeys the words that you type:
 *
 *     add              adds 1 to the variable
 *     map              maps a page for this process alone
 *     read PID         reads the variable of another process that executes this program
 *     refuse           takes back the right of other processes to read this one
 *     write ADDRESS    writes to an address, which may be a wrong one
 *     exit             exits, as it does at end of file
 *
 * With -no-pie the variable has the address that the linker chose. Otherwise the kernel moves the program in each process (ASLR).
 * `osdemo process isolation` runs it twice.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static volatile int number;

/* Root may read the memory of every process. This process gives that right up, so that root and others see the same. */
static void give_up_root_right(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data) < 0) return;
  data[0].effective &= ~(1u << CAP_SYS_PTRACE);
  if (syscall(SYS_capset, &header, data) < 0) perror("capset");
}

static void show_number(void) { printf("number %d at %p\n", number, (void *)&number); }

static void map_page(void) {
  int *page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) {
    perror("mmap");
    exit(1);
  }
  *page = number;
  printf("number %d at %p\n", *page, (void *)page);
}

/* The kernel copies the memory, if this process has the right to trace the other one (ptrace(2)). */
static void read_other(pid_t pid) {
  int found = 0;
  struct iovec here = {&found, sizeof found}, there = {(void *)&number, sizeof number};
  ssize_t bytes = process_vm_readv(pid, &here, 1, &there, 1, 0);
  if (bytes == sizeof found)
    printf("process %d has %d at %p\n", pid, found, (void *)&number);
  else
    printf("process_vm_readv: errno %d\n", errno);
}

/* The kernel lets only processes with CAP_SYS_PTRACE read the memory of one that is not dumpable. Nor does it write a core file. */
static void refuse(void) {
  prctl(PR_SET_DUMPABLE, 0);
  printf("dumpable %d\n", prctl(PR_GET_DUMPABLE));
}

static void write_to(unsigned long address) {
  *(volatile int *)address = number;
  printf("wrote %d to %#lx\n", number, address);
}

int main(int argc, char **argv) {
  char line[100];
  setvbuf(stdout, NULL, _IOLBF, 0);
  give_up_root_right();
  number = argc > 1 ? atoi(argv[1]) : 1;
  printf("process %d: ", getpid());
  show_number();
  while (fgets(line, sizeof line, stdin)) {
    char *word = strtok(line, " \n"), *value = strtok(NULL, " \n");
    if (!word) continue;
    if (strcmp(word, "add") == 0) {
      number++;
      show_number();
    } else if (strcmp(word, "map") == 0) {
      map_page();
    } else if (strcmp(word, "read") == 0 && value) {
      read_other(atoi(value));
    } else if (strcmp(word, "refuse") == 0) {
      refuse();
    } else if (strcmp(word, "write") == 0 && value) {
      write_to(strtoul(value, NULL, 16));
    } else if (strcmp(word, "exit") == 0) {
      break;
    } else {
      printf("words: add, map, read PID, refuse, write ADDRESS, exit\n");
    }
  }
  return 0;
}
