/** Wrong echo servers: each has one classic bug, as an edit of a right one, and fails in the check that names it. */
import type { Wrong } from '../support/lab.js'

const noIgnore: [string, string] = ['signal(SIGPIPE, SIG_IGN);', '']

export const wrong: readonly Wrong[] = [
  {
    name: 'listens on a port of its own',
    of: 'right.c',
    edits: [['htons(atoi(v[c - 1]))', 'htons(7007)']],
    fails: 'echoes-a-frame',
  },
  {
    name: 'reads the length in the order of the machine',
    of: 'right.c',
    edits: [['ntohl(header)', 'header']],
    fails: 'echoes-a-frame',
  },
  {
    name: 'sends a byte too many',
    of: 'right.c',
    edits: [['put(fd, body, n + 4)', 'put(fd, body, n + 5)']],
    fails: 'echoes-a-frame',
  },
  {
    name: 'takes a length of 0 for the end',
    of: 'right.c',
    edits: [['if (n > 16 << 20) break;', 'if (n == 0 || n > 16 << 20) break;']],
    fails: 'empty-frame',
  },
  {
    name: 'reads the body once',
    of: 'right.c',
    edits: [['get(fd, body + 4, n)', '(n == 0 || read(fd, body + 4, n) > 0)']],
    fails: 'short-reads',
  },
  {
    name: 'reads the header once',
    of: 'right.c',
    edits: [['get(fd, &header, 4)', 'read(fd, &header, 4) > 0']],
    fails: 'short-reads',
  },
  {
    name: 'drops what follows the first frame',
    of: 'right.c',
    edits: [['free(body);', 'free(body); char junk[65536]; recv(fd, junk, sizeof junk, MSG_DONTWAIT);']],
    fails: 'coalesced-frames',
  },
  {
    name: 'ignores how much write(2) took',
    of: 'right.c',
    edits: [['put(fd, body, n + 4)', 'send(fd, body, n + 4, MSG_DONTWAIT) > 0']],
    fails: 'short-writes',
  },
  {
    name: 'serves one client after the other',
    of: 'right.c',
    edits: [
      [
        'if (fd >= 0 && !pthread_create(&t, 0, serve, (void *)(intptr_t)fd)) pthread_detach(t);',
        '(void)t; serve((void *)(intptr_t)fd);',
      ],
    ],
    fails: 'many-clients',
  },
  {
    name: 'blocks in write(2), with one thread for all',
    of: 'right-poll.c',
    edits: [
      ['accept4(l, 0, 0, SOCK_NONBLOCK)', 'accept(l, 0, 0)'],
      ['read(fds[i].fd, s->data + s->have, ask)', 'recv(fds[i].fd, s->data + s->have, ask, MSG_DONTWAIT)'],
    ],
    fails: 'slow-reader',
  },
  {
    name: 'exits when a client ends inside a frame',
    of: 'right.c',
    edits: [['int ok = get(fd, body + 4, n) && put', 'if (!get(fd, body + 4, n)) exit(1); int ok = put']],
    fails: 'truncated-frame',
  },
  {
    name: 'answers a frame that ended early',
    of: 'right.c',
    edits: [['int ok = get(fd, body + 4, n) && put', 'int ok = (get(fd, body + 4, n), 1) && put']],
    fails: 'truncated-frame',
  },
  {
    name: 'reads again and again at end of file',
    of: 'right.c',
    edits: [['if (r <= 0) return 0;\n    done += r', 'if (r < 0) return 0;\n    done += r']],
    fails: 'idle-at-end',
  },
  {
    name: 'forgets close(2) after an error',
    of: 'right.c',
    edits: [['int ok = get(fd, body + 4, n) && put', 'if (!get(fd, body + 4, n)) return 0; int ok = put']],
    fails: 'descriptors',
  },
  {
    name: 'never waits for its children',
    of: 'right-fork.c',
    edits: [['sigaction(SIGCHLD, &a, 0);', '(void)a;']],
    fails: 'zombies',
  },
  {
    name: 'waits once for each SIGCHLD',
    of: 'right-fork.c',
    edits: [['while (waitpid(-1, 0, WNOHANG) > 0)\n    ;', 'waitpid(-1, 0, WNOHANG);']],
    fails: 'zombies',
  },
  { name: 'is killed by SIGPIPE', of: 'right.c', edits: [noIgnore], fails: 'reset' },
  {
    name: 'allows any length',
    of: 'right.c',
    edits: [['if (n > 16 << 20) break;', '']],
    fails: 'absurd-length',
  },
  {
    name: 'reads the length with a sign',
    of: 'right.c',
    edits: [
      ['uint32_t n = ntohl(header);', 'int n = ntohl(header);'],
      ['if (!body) break;', ''],
    ],
    fails: 'absurd-length',
  },
  {
    name: 'clears memory before it looks at the length',
    of: 'right.c',
    edits: [
      ['if (n > 16 << 20) break;', ''],
      [
        'if (!body) break;',
        'if (!body) break; for (size_t i = 0; i < n; i += 512) body[i] = 0; if (n > 16 << 20) { free(body); break; }',
      ],
    ],
    fails: 'absurd-length',
  },
  {
    name: 'ignores SIGTERM',
    of: 'right.c',
    edits: [['signal(SIGPIPE, SIG_IGN);', 'signal(SIGPIPE, SIG_IGN); signal(SIGTERM, SIG_IGN);']],
    fails: 'terminates',
  },
  {
    name: 'lacks SO_REUSEADDR',
    of: 'right.c',
    edits: [['setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);', '(void)one;']],
    fails: 'restart',
  },
  {
    name: 'leaves the listening socket to its children',
    of: 'right-fork.c',
    edits: [['close(l);\n', '\n']],
    fails: 'restart',
  },
]
