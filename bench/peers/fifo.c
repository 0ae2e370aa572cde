/* The end of the FIFO that is not measured, and a line reader in C. Prints the time from open(2) to its end. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char buffer[128 * 1024] __attribute__((aligned(4096)));

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void put(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t n = write(fd, bytes, length);
    if (n < 0) exit(1);
    bytes += n;
    length -= n;
  }
}

/* feed PATH BYTES LINE writes lines of LINE bytes. lines PATH reads with getline. send PATH FILE and drain PATH FILE use
 * splice, from file to FIFO and from FIFO to file, so that they use as little of the time as possible. */
int main(int argc, char **argv) {
  const char *mode = argv[1];
  int feeds = !strcmp(mode, "feed"), sends = !strcmp(mode, "send"), drains = !strcmp(mode, "drain");
  int fifo = open(argv[2], feeds || sends ? O_WRONLY : O_RDONLY);
  if (fifo < 0) return 1;
  double begin = now();
  long bytes = 0, lines = 0;
  ssize_t n;
  if (feeds) {
    long all = atol(argv[3]), line = atol(argv[4]);
    memset(buffer, 'x', sizeof buffer);
    for (size_t i = line - 1; i < sizeof buffer; i += line) buffer[i] = '\n';
    for (; bytes < all; bytes += sizeof buffer) put(fifo, buffer, sizeof buffer);
  } else if (sends || drains) {
    int file = open(argv[3], sends ? O_RDONLY : O_WRONLY);
    int from = sends ? file : fifo, to = sends ? fifo : file;
    while ((n = splice(from, NULL, to, NULL, 1 << 20, 0)) > 0) bytes += n;
    if (n < 0) return 1;
  } else {
    FILE *stream = fdopen(fifo, "r");
    char *line = NULL;
    size_t size = 0;
    while ((n = getline(&line, &size, stream)) > 0) lines++, bytes += n;
  }
  close(fifo);
  fprintf(stderr, "%.3f ms for %ld bytes, %ld lines\n", now() - begin, bytes, lines);
  return 0;
}
