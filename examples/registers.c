/*
 * Does a process keep its registers while other processes use the CPU?
 *
 *     cc -Wall -o /tmp/registers examples/registers.c
 *     /tmp/registers keep 100    in one terminal: loads 101, 102, ... into registers and computes in a loop that changes none
 *     /tmp/registers read PID    in another: prints the registers of that process, as the kernel has saved them
 *     kill -USR1 PID             ends the loop. The process prints what the registers contain then
 *
 * Start several with other numbers on one CPU: taskset -c 0 /tmp/registers keep 200. Then each uses the same registers.
 * `osdemo process switch` does this.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { count = 8 };

static volatile sig_atomic_t over;

/* Loads the values into registers, runs the loop until `over` is not 0, and then stores the registers in the values. */
static void keep(unsigned long values[count]);

/* The first instruction of the loop, and the end of the last. If they were not hidden, gcc would get them wrong on arm64. */
extern const char __attribute__((visibility("hidden"))) loop_begin[], loop_end[];

#if defined(__x86_64__)

static const char *const names[count] = {"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};

__attribute__((noinline)) static void keep(unsigned long values[count]) {
  __asm__ volatile(
      "mov (%0), %%r8; mov 8(%0), %%r9; mov 16(%0), %%r10; mov 24(%0), %%r11\n"
      "mov 32(%0), %%r12; mov 40(%0), %%r13; mov 48(%0), %%r14; mov 56(%0), %%r15\n"
      "loop_begin:\n"
      "cmpl $0, (%1)\n"
      "je loop_begin\n"
      "loop_end:\n"
      "mov %%r8, (%0); mov %%r9, 8(%0); mov %%r10, 16(%0); mov %%r11, 24(%0)\n"
      "mov %%r12, 32(%0); mov %%r13, 40(%0); mov %%r14, 48(%0); mov %%r15, 56(%0)\n"
      :
      : "r"(values), "r"(&over)
      : "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc", "memory");
}

static void take(const struct user_regs_struct *saved, unsigned long values[count]) {
  const unsigned long all[count] = {saved->r8,  saved->r9,  saved->r10, saved->r11,
                                    saved->r12, saved->r13, saved->r14, saved->r15};
  memcpy(values, all, sizeof all);
}

#elif defined(__aarch64__)

static const char *const names[count] = {"x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26"};

__attribute__((noinline)) static void keep(unsigned long values[count]) {
  __asm__ volatile(
      "ldp x19, x20, [%0]; ldp x21, x22, [%0, 16]; ldp x23, x24, [%0, 32]; ldp x25, x26, [%0, 48]\n"
      "loop_begin:\n"
      "ldr w9, [%1]\n"
      "cbz w9, loop_begin\n"
      "loop_end:\n"
      "stp x19, x20, [%0]; stp x21, x22, [%0, 16]; stp x23, x24, [%0, 32]; stp x25, x26, [%0, 48]\n"
      :
      : "r"(values), "r"(&over)
      : "x9", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "memory");
}

static void take(const struct user_regs_struct *saved, unsigned long values[count]) {
  for (int i = 0; i < count; i++) values[i] = saved->regs[19 + i];
}

#else
#error "only for x86-64 and arm64: add the names of eight registers, and a loop that keeps them"
#endif

static void show(const unsigned long values[count]) {
  for (int i = 0; i < count; i++) printf("%s=%lu%c", names[i], values[i], i + 1 < count ? ' ' : '\n');
}

static void stop(int signal) { over = signal; }

static int keep_from(unsigned long first) {
  unsigned long values[count];
  for (int i = 0; i < count; i++) values[i] = first + i + 1;
  signal(SIGUSR1, stop);
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0); /* for Yama, which otherwise lets only ancestors read */
  printf("loop at %p to %p\n", (const void *)loop_begin, (const void *)loop_end);
  fflush(stdout);
  keep(values);
  show(values);
  return 0;
}

/* The process does not run while it is traced. If it was stopped before, it is stopped again after PTRACE_DETACH. */
static int read_from(pid_t pid) {
  struct user_regs_struct saved;
  struct iovec all = {&saved, sizeof saved};
  unsigned long values[count];
  int status;
  if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0 || ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0 || waitpid(pid, &status, __WALL) < 0 ||
      ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &all) < 0) {
    printf("ptrace: errno %d\n", errno);
    return 1;
  }
  take(&saved, values);
  ptrace(PTRACE_DETACH, pid, 0, 0);
  show(values);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "keep") == 0) return keep_from(strtoul(argv[2], NULL, 10));
  if (argc == 3 && strcmp(argv[1], "read") == 0) return read_from(atoi(argv[2]));
  fprintf(stderr, "usage: %s keep NUMBER | read PID\n", argv[0]);
  return 2;
}
