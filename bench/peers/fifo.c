/* What C makes of a FIFO, and the other end of whatever is measured: says how long it took from open(2) to its end. */
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

/* feed PATH BYTES LINE: writes lines of so many bytes. drain PATH: reads in bulk. lines PATH: reads by getline. copy PATH
 * FILE, and send PATH FILE: from FIFO to file, and from file to FIFO. */
int main(int argc, char **argv) {
  const char *mode = argv[1];
  int writes = !strcmp(mode, "feed") || !strcmp(mode, "send");
  int file = argc < 4 ? -1 : !strcmp(mode, "copy") ? open(argv[3], O_WRONLY) : open(argv[3], O_RDONLY);
  int fifo = open(argv[2], writes ? O_WRONLY : O_RDONLY);
  if (fifo < 0) return 1;
  double begin = now();
  long bytes = 0, lines = 0;
  ssize_t n;
  if (!strcmp(mode, "feed")) {
    long all = atol(argv[3]), line = atol(argv[4]);
    memset(buffer, 'x', sizeof buffer);
    for (size_t i = line - 1; i < sizeof buffer; i += line) buffer[i] = '\n';
    for (; bytes < all; bytes += sizeof buffer) put(fifo, buffer, sizeof buffer);
  } else if (!strcmp(mode, "lines")) {
    FILE *stream = fdopen(fifo, "r");
    char *line = NULL;
    size_t size = 0;
    while ((n = getline(&line, &size, stream)) > 0) lines++, bytes += n;
  } else {
    int from = writes ? file : fifo, to = writes ? fifo : file;
    while ((n = read(from, buffer, sizeof buffer)) > 0) {
      if (to >= 0) put(to, buffer, n);
      bytes += n;
    }
  }
  close(fifo);
  fprintf(stderr, "%.3f ms for %ld bytes, %ld lines\n", now() - begin, bytes, lines);
  return 0;
}
