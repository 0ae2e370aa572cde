// One thread and poll(2), with nonblocking sockets. It reads from a client only while nothing waits to be sent to it.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { most = 16 << 20, clients = 1000 };
static struct client { char *data; size_t have, room, sent; } state[clients];
static struct pollfd fds[clients];
static int count = 1;

static void drop(int i) {
  close(fds[i].fd);
  free(state[i].data);
  state[i] = state[--count];
  fds[i] = fds[count];
  memset(&state[count], 0, sizeof state[count]);
}

// 0: nothing more to do now, -1: the client is dropped
static int step(int i) {
  struct client *s = &state[i];
  size_t want = 4;
  if (s->have >= 4) {
    uint32_t n = ntohl(*(uint32_t *)s->data);
    if (n > most) return -1;
    want = 4 + (size_t)n;
  }
  if (s->have >= 4 && s->have == want) {
    ssize_t w = write(fds[i].fd, s->data + s->sent, want - s->sent);
    if (w < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    s->sent += w;
    if (s->sent < want) return 0;
    s->have = s->sent = 0;
    return 1;
  }
  if (s->room < want) {
    size_t room = s->have + 65536 < want ? s->have + 65536 : want;
    if (s->room < room) {
      char *grown = realloc(s->data, room);
      if (!grown) return -1;
      s->data = grown;
      s->room = room;
    }
  }
  size_t ask = (s->room < want ? s->room : want) - s->have;
  ssize_t r = read(fds[i].fd, s->data + s->have, ask);
  if (r < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
  if (r == 0) return -1;
  s->have += r;
  return 1;
}

int main(int c, char **v) {
  signal(SIGPIPE, SIG_IGN);
  int l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(v[c - 1]))};
  if (bind(l, (void *)&to, sizeof to) || listen(l, 128)) return 1;
  fds[0] = (struct pollfd){l, POLLIN, 0};
  for (;;) {
    if (poll(fds, count, -1) < 0) continue;
    for (int i = count - 1; i > 0; i--) {
      if (!fds[i].revents) continue;
      int more;
      while ((more = step(i)) > 0)
        ;
      if (more < 0) { drop(i); continue; }
      struct client *s = &state[i];
      int answers = s->have >= 4 && s->have == 4 + (size_t)ntohl(*(uint32_t *)s->data);
      fds[i].events = answers ? POLLOUT : POLLIN;
    }
    if (fds[0].revents) {
      int fd = accept4(l, 0, 0, SOCK_NONBLOCK);
      if (fd >= 0 && count < clients) fds[count++] = (struct pollfd){fd, POLLIN, 0};
      else if (fd >= 0) close(fd);
    }
  }
}
