/*
 * Unix sockets, by hand.
 *
 *     cc -Wall -o /tmp/unix-sockets examples/unix-sockets.c && /tmp/unix-sockets
 *
 * Start it in two terminals, and type a command per line. KIND is stream, datagram or seqpacket, and NAME is a path, or an abstract
 * name that starts with @. FD is the number that a command prints.
 *
 *     socket KIND | pair KIND             one socket, or two that are connected
 *     bind FD NAME | listen FD | connect FD NAME | accept FD | unlink NAME
 *     send FD TEXT | receive FD SIZE      `cut` stands before a text that was longer
 *     fill FD | empty FD                  send or receive as long as that does not wait, and count
 *     shutdown FD | close FD | dup FD     shutdown: this side sends no more
 *     peer FD | self                      pid, uid and gid of the other process and of this one
 *     open PATH | read FD SIZE            a file
 *     pass FD OTHER | take FD             send or receive a descriptor
 *     pipe | write FD TEXT                a pipe, to compare
 *     fork | child COMMAND | exit         a child, which then does that command
 *
 * `osdemo socket pair`, `unix` and `datagram` do this too. At end of file on stdin, the process exits.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *who = "";

/* Prints the command, what it returned, and the errno where it failed. */
static void report(const char *command, long result, const char *more) {
  int error = errno;
  printf("%s%s %ld%s%s", who, command, result, *more ? " " : "", more);
  if (result < 0) printf(": errno %d\n", error);
  else printf(": ok\n");
}

/* Byte by byte: what stdio reads ahead, a child would read again. */
static int read_line(char *line, size_t size) {
  size_t length = 0;
  while (length + 1 < size && read(0, line + length, 1) == 1)
    if (line[length++] == '\n') return line[length - 1] = 0, 1;
  return 0;
}

static int kind_of(const char *name) {
  return strcmp(name, "datagram") == 0 ? SOCK_DGRAM : strcmp(name, "seqpacket") == 0 ? SOCK_SEQPACKET : SOCK_STREAM;
}

/* An abstract name has a byte 0 in place of the @. The length of the address says where it ends. */
static int with_address(int fd, const char *name, int (*call)(int, const struct sockaddr *, socklen_t)) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(name);
  if (length >= sizeof address.sun_path) return errno = ENAMETOOLONG, -1;
  memcpy(address.sun_path, name, length);
  if (name[0] == '@') address.sun_path[0] = 0;
  return call(fd, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + length);
}

/* One message with one byte and, beside it, room for one descriptor. */
static long transfer(int fd, int passed, int is_sent) {
  union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control = {0};
  char byte = 'd';
  struct iovec data = {&byte, 1};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (is_sent) {
    *header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(header), &passed, sizeof passed);
    return sendmsg(fd, &message, 0);
  }
  if (recvmsg(fd, &message, 0) < 0) return -1;
  header = CMSG_FIRSTHDR(&message);
  if (!header) return errno = EBADMSG, -1;
  memcpy(&passed, CMSG_DATA(header), sizeof passed);
  return passed;
}

static void receive(const char *command, int fd, size_t size, int flags) {
  char text[120] = "", more[130];
  struct iovec data = {text, size < sizeof text ? size : sizeof text - 1};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
  long count = recvmsg(fd, &message, flags);
  snprintf(more, sizeof more, "%s%s", message.msg_flags & MSG_TRUNC ? "cut " : "", text);
  report(command, count, more);
}

/* A child that reads its commands from a pipe. It dies with its parent, which may have died before prctl(2). */
static int fork_child(void) {
  int ends[2];
  pid_t parent = getpid(), child;
  if (pipe(ends) < 0 || (child = fork()) < 0) return -1;
  if (child > 0) return close(ends[0]), ends[1];
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  who = "child ";
  dup2(ends[0], 0), close(ends[0]), close(ends[1]);
  report("fork", getpid(), "");
  return 0;
}

int main(void) {
  char line[300], name[200], more[120];
  int fd, other, to_child = -1;
  size_t size;
  setvbuf(stdout, NULL, _IOLBF, 0);
  signal(SIGPIPE, SIG_IGN); /* send(2) fails with EPIPE */
  while (read_line(line, sizeof line)) {
    if (sscanf(line, "socket %199[^\n]", name) == 1) report("socket", socket(AF_UNIX, kind_of(name), 0), "");
    else if (sscanf(line, "pair %199[^\n]", name) == 1) {
      int pair[2] = {-1, -1}, result = socketpair(AF_UNIX, kind_of(name), 0, pair);
      snprintf(more, sizeof more, "%d %d", pair[0], pair[1]), report("pair", result, more);
    } else if (strcmp(line, "pipe") == 0) {
      int ends[2] = {-1, -1}, result = pipe(ends);
      snprintf(more, sizeof more, "%d %d", ends[0], ends[1]), report("pipe", result, more);
    } else if (sscanf(line, "bind %d %199[^\n]", &fd, name) == 2) report("bind", with_address(fd, name, bind), "");
    else if (sscanf(line, "listen %d", &fd) == 1) report("listen", listen(fd, 5), "");
    else if (sscanf(line, "connect %d %199[^\n]", &fd, name) == 2) report("connect", with_address(fd, name, connect), "");
    else if (sscanf(line, "accept %d", &fd) == 1) report("accept", accept(fd, NULL, NULL), "");
    else if (sscanf(line, "unlink %199[^\n]", name) == 1) report("unlink", unlink(name), "");
    else if (sscanf(line, "send %d %119[^\n]", &fd, more) == 2) report("send", send(fd, more, strlen(more), 0), "");
    else if (sscanf(line, "send %d", &fd) == 1) report("send", send(fd, "", 0, 0), "");
    else if (sscanf(line, "receive %d %zu", &fd, &size) == 2) receive("receive", fd, size, 0);
    else if (sscanf(line, "fill %d", &fd) == 1) {
      long count = 0;
      while (send(fd, "fill", 4, MSG_DONTWAIT) == 4) count++;
      snprintf(more, sizeof more, "%d", errno), report("fill", count, more);
    } else if (sscanf(line, "empty %d", &fd) == 1) {
      long count = 0;
      while (recv(fd, more, sizeof more, MSG_DONTWAIT) > 0) count++;
      report("empty", count, "");
    } else if (sscanf(line, "shutdown %d", &fd) == 1) report("shutdown", shutdown(fd, SHUT_WR), "");
    else if (sscanf(line, "close %d", &fd) == 1) report("close", close(fd), "");
    else if (sscanf(line, "dup %d", &fd) == 1) report("dup", dup(fd), "");
    else if (sscanf(line, "peer %d", &fd) == 1) {
      struct ucred peer = {0};
      socklen_t length = sizeof peer;
      int result = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length);
      snprintf(more, sizeof more, "%d %u %u", peer.pid, peer.uid, peer.gid), report("peer", result, more);
    } else if (strcmp(line, "self") == 0) {
      snprintf(more, sizeof more, "%d %u %u", getpid(), geteuid(), getegid()), report("self", 0, more);
    } else if (sscanf(line, "open %199[^\n]", name) == 1) report("open", open(name, O_RDONLY), "");
    else if (sscanf(line, "read %d %zu", &fd, &size) == 2) {
      long count = read(fd, more, size < sizeof more ? size : sizeof more - 1);
      more[count < 0 ? 0 : count] = 0, report("read", count, more);
    } else if (sscanf(line, "write %d %119[^\n]", &fd, more) == 2) report("write", write(fd, more, strlen(more)), "");
    else if (sscanf(line, "pass %d %d", &fd, &other) == 2) report("pass", transfer(fd, other, 1), "");
    else if (sscanf(line, "take %d", &fd) == 1) report("take", transfer(fd, -1, 0), "");
    else if (strcmp(line, "fork") == 0) {
      if ((fd = fork_child()) != 0) to_child = fd;
    } else if (strncmp(line, "child ", 6) == 0 && to_child >= 0) dprintf(to_child, "%s\n", line + 6);
    else if (strcmp(line, "exit") == 0) break;
    else printf("unknown command\n");
  }
  return 0;
}
