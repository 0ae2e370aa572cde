/*
 * How a shell builds a pipeline: pipe(2), fork(2), dup2(2), close(2), execve(2).
 *
 *     cc -Wall -o /tmp/pipeline examples/pipeline.c && /tmp/pipeline yes '|' head -n 3
 *
 * It prints how each command ended, after the words `pipeline:`. `osdemo pipe pipeline` runs it with `steps` before the first command.
 * Then each child stops itself after fork(2), and again before execve(2), and the parent waits for a line on stdin before it lets a
 * child continue. So osdemo can look at the descriptors in between.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { most = 16 };

static int steps;

static void die(const char *what) {
  perror(what);
  exit(1);
}

/* Waits for a line. At end of file on stdin, the process exits, and its children die with it. */
static void next_step(void) {
  char byte = 0;
  while (steps && byte != '\n')
    if (read(0, &byte, 1) != 1) _exit(1);
}

/* In a child: stops, so that osdemo can look. */
static void stop(void) {
  if (steps) raise(SIGSTOP);
}

/* In the parent: waits until the child has stopped. */
static void await_stop(pid_t child) {
  int status;
  if (steps && (waitpid(child, &status, WUNTRACED) < 0 || !WIFSTOPPED(status))) exit(1);
}

static void move(int from, int to) {
  if (from == to) return;
  if (dup2(from, to) < 0) die("dup2");
  close(from);
}

/* In a child: stdin becomes the pipe before the command, stdout the pipe behind it. */
static void redirect(int in, const int *out) {
  if (in >= 0) move(in, STDIN_FILENO);
  if (!out) return;
  close(out[0]);
  move(out[1], STDOUT_FILENO);
}

static pid_t start(char **words, int in, const int *out) {
  pid_t parent = getpid(), child = fork();
  if (child < 0) die("fork");
  if (child > 0) return child;
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* the child dies with its parent, which may have died before this call */
#endif
  if (getppid() != parent) _exit(1);
  if (steps && in < 0) {
    int null = open("/dev/null", O_RDONLY); /* stdin belongs to the steps */
    if (null < 0) die("/dev/null");
    move(null, STDIN_FILENO);
  }
  stop();
  redirect(in, out);
  stop();
  execvp(words[0], words);
  fprintf(stderr, "%s: %s\n", words[0], strerror(errno));
  _exit(errno == ENOENT ? 127 : 126); /* as a shell does */
}

int main(int argc, char **argv) {
  char **commands[most];
  pid_t children[most];
  int statuses[most], count = 0, in = -1;
  setvbuf(stdout, NULL, _IOLBF, 0);
  argv++;
  if (argc > 1 && strcmp(argv[0], "steps") == 0) steps = 1, argv++;
  for (char **word = argv; *word; word++) {
    if (word == argv || !word[-1]) {
      if (count == most) return fprintf(stderr, "more than %d commands\n", most), 2;
      commands[count++] = word;
    }
    if (strcmp(*word, "|") == 0) *word = NULL;
  }
  int is_open = count == 0 || !argv[argc - 2 - steps]; /* it ends with | */
  for (int i = 0; i < count; i++) is_open |= !commands[i][0];
  if (is_open) return fprintf(stderr, "usage: pipeline COMMAND '|' COMMAND ...\n"), 2;

  for (int i = 0; i < count; i++) {
    int out[2], is_last = i == count - 1;
    next_step();
    if (!is_last && pipe(out) < 0) die("pipe");
    children[i] = start(commands[i], in, is_last ? NULL : out);
    await_stop(children[i]);
    if (steps) printf("pipeline: forked %d\n", children[i]);
    next_step();
    if (steps) kill(children[i], SIGCONT);
    await_stop(children[i]);
    /* The parent uses no pipe itself. It would keep the readers from seeing end of file. */
    if (in >= 0) close(in);
    if (!is_last) close(out[1]);
    in = is_last ? -1 : out[0];
    if (steps) printf("pipeline: redirected %d\n", children[i]);
  }
  for (int i = 0; i < count; i++) {
    next_step();
    if (steps) kill(children[i], SIGCONT);
  }
  for (int i = 0; i < count; i++)
    if (waitpid(children[i], &statuses[i], 0) < 0) die("waitpid");
  if (steps) printf("\n"); /* the last command may not have ended its line */
  for (int i = 0; i < count; i++) {
    printf("pipeline: %s (pid %d) ", commands[i][0], children[i]);
    if (WIFSIGNALED(statuses[i])) printf("was killed by signal %d\n", WTERMSIG(statuses[i]));
    else printf("exited with code %d\n", WEXITSTATUS(statuses[i]));
  }
  next_step();
  return 0;
}
