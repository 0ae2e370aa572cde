/* The program that examples/before-exec.c executes. It changes nothing, and waits for a line before it exits. */
#include <stdio.h>
#include <unistd.h>

int main(void) {
  char byte = 0;
  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("another program in process %d\n", (int)getpid());
  while (byte != '\n')
    if (read(0, &byte, 1) != 1) return 1;
  return 0;
}
