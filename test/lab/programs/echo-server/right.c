// A thread for each client.
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int get(int fd, void *to, size_t n) {
  for (size_t done = 0; done < n;) {
    ssize_t r = read(fd, (char *)to + done, n - done);
    if (r <= 0) return 0;
    done += r;
  }
  return 1;
}

static int put(int fd, const void *from, size_t n) {
  for (size_t done = 0; done < n;) {
    ssize_t w = write(fd, (const char *)from + done, n - done);
    if (w <= 0) return 0;
    done += w;
  }
  return 1;
}

static void *serve(void *p) {
  int fd = (int)(intptr_t)p;
  uint32_t header;
  while (get(fd, &header, 4)) {
    uint32_t n = ntohl(header);
    if (n > 16 << 20) break;
    char *body = malloc(n + 4);
    if (!body) break;
    *(uint32_t *)body = header;
    int ok = get(fd, body + 4, n) && put(fd, body, n + 4);
    free(body);
    if (!ok) break;
  }
  close(fd);
  return 0;
}

int main(int c, char **v) {
  signal(SIGPIPE, SIG_IGN);
  int l = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(atoi(v[c - 1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(l, (void *)&a, sizeof a) || listen(l, 128)) return 1;
  for (;;) {
    int fd = accept(l, 0, 0);
    pthread_t t;
    if (fd >= 0 && !pthread_create(&t, 0, serve, (void *)(intptr_t)fd)) pthread_detach(t);
  }
}
