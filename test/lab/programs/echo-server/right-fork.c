// A process for each client.
#include <arpa/inet.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int get(int fd, char *to, size_t n) {
  for (size_t done = 0; done < n;) {
    ssize_t r = read(fd, to + done, n - done);
    if (r <= 0) return 0;
    done += r;
  }
  return 1;
}

static int put(int fd, const char *from, size_t n) {
  for (size_t done = 0; done < n;) {
    ssize_t w = write(fd, from + done, n - done);
    if (w <= 0) return 0;
    done += w;
  }
  return 1;
}

static void serve(int fd) {
  static char frame[(16 << 20) + 4];
  while (get(fd, frame, 4)) {
    uint32_t n = ntohl(*(uint32_t *)frame);
    if (n > 16 << 20 || !get(fd, frame + 4, n) || !put(fd, frame, n + 4)) return;
  }
}

static void reap(int signal) {
  (void)signal;
  while (waitpid(-1, 0, WNOHANG) > 0)
    ;
}

int main(int c, char **v) {
  struct sigaction a = {.sa_handler = reap, .sa_flags = SA_RESTART};
  sigaction(SIGCHLD, &a, 0);
  int l = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(v[c - 1]))};
  if (bind(l, (void *)&to, sizeof to) || listen(l, 128)) return 1;
  for (;;) {
    int fd = accept(l, 0, 0);
    if (fd < 0) continue;
    if (fork() == 0) {
      close(l);
      serve(fd);
      _exit(0);
    }
    close(fd);
  }
}
