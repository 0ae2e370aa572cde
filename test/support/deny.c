/*
 * Executes a command in which the kernel refuses some system calls with EPERM, as a container may:
 * deny CALL[,CALL...] COMMAND [ARGUMENT...]. A name that this machine does not have is left out. shmctl and prctl
 * may be limited to one operation: `shmctl:0` refuses only IPC_RMID.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
  const char *name;
  long number;
} calls[] = {
#define CALL(name) {#name, SYS_##name},
#ifdef SYS_unlink
    CALL(unlink)
#endif
#ifdef SYS_rename
    CALL(rename)
#endif
#ifdef SYS_mkdir
    CALL(mkdir)
#endif
#ifdef SYS_rmdir
    CALL(rmdir)
#endif
#ifdef SYS_mknod
    CALL(mknod)
#endif
#ifdef SYS_fork
    CALL(fork)
#endif
#ifdef SYS_vfork
    CALL(vfork)
#endif
    CALL(unlinkat) CALL(renameat2) CALL(mkdirat) CALL(mknodat) CALL(mq_open) CALL(mq_unlink) CALL(mq_timedsend)
    CALL(mq_timedreceive) CALL(mq_getsetattr) CALL(shmget) CALL(shmat) CALL(shmctl) CALL(shmdt) CALL(prctl)
    CALL(clone) CALL(clone3) CALL(execve) CALL(kill) CALL(sched_setaffinity) CALL(sched_getaffinity)
    CALL(sched_setscheduler) CALL(setpriority) CALL(getpriority) CALL(setsid) CALL(pidfd_open) CALL(io_uring_setup)
    CALL(splice) CALL(socket) CALL(socketpair) CALL(bind) CALL(listen) CALL(connect) CALL(accept4) CALL(fchmod)
    CALL(chmod) CALL(fchmodat) CALL(ftruncate) CALL(fsync) CALL(fcntl) CALL(ptrace) CALL(process_vm_readv)
    CALL(memfd_create) CALL(statx) CALL(readlinkat) CALL(mmap) CALL(mprotect) CALL(futex) CALL(setrlimit)
    CALL(prlimit64) CALL(wait4) CALL(pipe2) CALL(membarrier) CALL(getrusage) CALL(personality) CALL(tgkill)
    CALL(unshare) CALL(setns) CALL(mount) CALL(umount2) CALL(pidfd_getfd) CALL(kcmp)
};

static struct sock_filter filter[1024];
static unsigned short length;

static void add(struct sock_filter line) {
  if (length == sizeof filter / sizeof *filter) exit(2);
  filter[length++] = line;
}

static void refuse(const char *name, long operation, int argument) {
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    if (strcmp(calls[i].name, name) != 0) continue;
    add((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
    if (operation < 0) {
      add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, 0, 1));
    } else {
      add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, 0, 3));
      add((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * argument));
      add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, operation, 0, 1));
    }
    add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  }
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  for (char *word = strtok(argv[1], ","); word; word = strtok(NULL, ",")) {
    char *operation = strchr(word, ':');
    if (operation) *operation++ = 0;
    refuse(word, operation ? atol(operation) : -1, strcmp(word, "shmctl") == 0 ? 1 : 0);
  }
  add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  struct sock_fprog program = {length, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
    perror("deny");
    return 3;
  }
  execvp(argv[2], argv + 2);
  perror(argv[2]);
  return 127;
}
