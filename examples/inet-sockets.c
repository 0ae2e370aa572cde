/*
 * TCP and UDP sockets of this machine, by hand.
 *
 *     cc -Wall -o /tmp/inet-sockets examples/inet-sockets.c && /tmp/inet-sockets
 *
 * Start it in two terminals, and type a call per line. FD is the number that `tcp`, `udp` or `accept` prints.
 *
 *     tcp                      socket(2)
 *     udp                      the same; recv waits at most 2 s
 *     buffers FD BYTES         SO_SNDBUF and SO_RCVBUF; prints SO_RCVBUF as the kernel sets it
 *     SO_REUSEADDR FD
 *     bind FD PORT             prints the port, which the kernel chooses for 0
 *     listen FD BACKLOG
 *     connect FD PORT
 *     accept FD
 *     send FD BYTES            at most 1048576
 *     sendto FD PORT BYTES N   N datagrams with numbers in them; prints how many calls returned BYTES
 *     recv FD BYTES            TCP: until all of them are there, or end of file; UDP: one datagram
 *     empty FD                 receive datagrams until none is left; prints how many, and the first and the last number
 *     close FD
 *
 * `osdemo socket udp` and `osdemo socket listen` do this too. After `exit`, and at end of file on stdin, the process exits.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static char buffer[1 << 20];

static struct sockaddr_in address(int port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

static int option(int fd, int name, int value) {
  return setsockopt(fd, SOL_SOCKET, name, &value, sizeof value);
}

static int set_buffers(int fd, int bytes) {
  socklen_t length = sizeof bytes;
  if (option(fd, SO_SNDBUF, bytes) < 0 || option(fd, SO_RCVBUF, bytes) < 0) return -1;
  return getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, &length) < 0 ? -1 : bytes;
}

static int bind_port(int fd, int port) {
  struct sockaddr_in at = address(port);
  socklen_t length = sizeof at;
  if (bind(fd, (struct sockaddr *)&at, length) < 0) return -1;
  return getsockname(fd, (struct sockaddr *)&at, &length) < 0 ? -1 : ntohs(at.sin_port);
}

static int connect_port(int fd, int port) {
  struct sockaddr_in to = address(port);
  return connect(fd, (struct sockaddr *)&to, sizeof to);
}

static int udp_socket(void) {
  struct timeval limit = {.tv_sec = 2};
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ? -1 : fd;
}

static int send_datagrams(int fd, int port, int bytes, int count) {
  struct sockaddr_in to = address(port);
  int sent = 0;
  for (int number = 0; number < count; number++) {
    memcpy(buffer, &number, sizeof number);
    if (sendto(fd, buffer, bytes, 0, (struct sockaddr *)&to, sizeof to) == bytes) sent++;
  }
  return sent == 0 && count > 0 ? -1 : sent;
}

/* The number in the first and in the last one are in `ends`. */
static int empty(int fd, int ends[2]) {
  int count = 0;
  while (recv(fd, buffer, sizeof buffer, MSG_DONTWAIT) >= 0) memcpy(&ends[count++ > 0], buffer, sizeof(int));
  if (count == 1) ends[1] = ends[0];
  return errno == EAGAIN ? count : -1;
}

int main(void) {
  char line[100], call[20];
  setvbuf(stdout, NULL, _IOLBF, 0);
  while (fgets(line, sizeof line, stdin)) {
    int fd = 0, one = 0, two = 0, three = 0, ends[2] = {-1, -1}, result;
    if (sscanf(line, "%19s %d %d %d %d", call, &fd, &one, &two, &three) < 1) continue;
#define IS(name) (strcmp(call, name) == 0)
    if (IS("exit")) return 0;
    if (one < 0 || one > (int)sizeof buffer || two < 0 || two > 65536) {
      printf("number out of range\n");
      continue;
    }
    if (IS("tcp")) result = socket(AF_INET, SOCK_STREAM, 0);
    else if (IS("udp")) result = udp_socket();
    else if (IS("buffers")) result = set_buffers(fd, one);
    else if (IS("SO_REUSEADDR")) result = option(fd, SO_REUSEADDR, 1);
    else if (IS("bind")) result = bind_port(fd, one);
    else if (IS("listen")) result = listen(fd, one);
    else if (IS("connect")) result = connect_port(fd, one);
    else if (IS("accept")) result = accept(fd, NULL, NULL);
    else if (IS("send")) result = send(fd, buffer, one, MSG_NOSIGNAL);
    else if (IS("sendto")) result = send_datagrams(fd, one, two, three);
    else if (IS("recv")) result = recv(fd, buffer, one, MSG_WAITALL);
    else if (IS("empty")) result = empty(fd, ends);
    else if (IS("close")) result = close(fd);
    else {
      printf("unknown call\n");
      continue;
    }
    if (result < 0) printf("%s %d: errno %d\n", call, result, errno);
    else if (IS("empty")) printf("empty %d %d %d: ok\n", result, ends[0], ends[1]);
    else printf("%s %d: ok\n", call, result);
  }
  return 0;
}
