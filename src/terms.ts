/** The glossary: the words that osdemo teaches with, and uses in this sense only. */

export interface Term {
  /** The word first, then words that belong to it. A student may look up any of them. */
  names: readonly [string, ...string[]]
  /** One or two sentences. */
  meaning: string
  /** Where to read on: man pages or an RFC. */
  see: string
}

/** Terms by topic, in the order of the lecture. */
export const glossary: Readonly<Record<string, readonly Term[]>> = {
  Processes: [
    {
      names: ['program'],
      meaning:
        'A file with instructions and data. A process executes it, and several processes may execute the same one.',
      see: 'elf(5)',
    },
    {
      names: ['process', 'pid'],
      meaning:
        'A program in execution, with an address space and descriptors of its own. The kernel identifies it by a number, its pid.',
      see: 'credentials(7)',
    },
    {
      names: ['thread', 'tid'],
      meaning:
        'One sequence of instructions within a process, with its own stack. All threads of a process share its memory and descriptors.',
      see: 'pthreads(7)',
    },
    {
      names: ['parent', 'child', 'PPid'],
      meaning:
        "The process that calls fork is the parent of the new process, its child. A child's PPid is the pid of its parent.",
      see: 'getppid(2)',
    },
    {
      names: ['fork'],
      meaning:
        "The system call that creates a process as a copy of its caller. It returns 0 in the child and the child's pid in the parent.",
      see: 'fork(2)',
    },
    {
      names: ['exec'],
      meaning:
        'The system call that replaces the program of the calling process. The pid stays the same, and so do most descriptors.',
      see: 'execve(2)',
    },
    {
      names: ['exit code'],
      meaning:
        'The number that a process returns when it exits, where 0 means success. A process killed by a signal has none.',
      see: '_exit(2)',
    },
    {
      names: ['wait', 'reap'],
      meaning:
        'A parent calls wait(2) to learn how a child terminated. This reaps the child: the kernel removes its entry from the process table.',
      see: 'wait(2)',
    },
    {
      names: ['zombie'],
      meaning:
        'A process that has terminated but has not been reaped. Only its entry in the process table is left, with its pid and exit code.',
      see: 'wait(2)',
    },
    {
      names: ['orphan'],
      meaning: 'A process whose parent has terminated. It continues to run, and another process adopts it.',
      see: 'wait(2)',
    },
    {
      names: ['adopt', 'reparent', 'subreaper'],
      meaning:
        'When a parent terminates, another process adopts its children. This is the nearest subreaper among their ancestors, or else pid 1.',
      see: 'prctl(2)',
    },
    {
      names: ['process state', 'ready', 'runnable', 'running', 'waiting', 'stopped'],
      meaning:
        'A process runs on a CPU, is ready to run, waits (is blocked), is stopped, or is a zombie. The kernel writes R for both running and ready.',
      see: 'proc(5)',
    },
    {
      names: ['scheduler'],
      meaning:
        'The part of the kernel that decides which ready thread runs next, on which CPU, and for how long.',
      see: 'sched(7)',
    },
    {
      names: ['nice value', 'weight'],
      meaning:
        'A number from -20 to 19 that sets the weight of a thread. Ready threads share a CPU in proportion to their weights.',
      see: 'sched(7)',
    },
    {
      names: ['preempt'],
      meaning:
        'The scheduler preempts a running thread: it takes the CPU from it although the thread could continue.',
      see: 'sched(7)',
    },
    {
      names: ['context switch'],
      meaning:
        "The kernel saves one thread's registers and loads another's. The switch is voluntary when the thread blocks, involuntary when it is preempted.",
      see: 'getrusage(2)',
    },
  ],
  Kernel: [
    {
      names: ['kernel', 'kernel object'],
      meaning:
        'The program that controls the hardware and all processes. Pipes, sockets and segments are kernel objects: they exist in the kernel, outside any process.',
      see: 'intro(2)',
    },
    {
      names: ['system call'],
      meaning:
        'A request from a process to the kernel, such as read(2). The thread enters the kernel and returns with a result.',
      see: 'syscalls(2)',
    },
    {
      names: ['errno'],
      meaning:
        'The number that says why a system call failed. Each has a name, such as EACCES for "permission denied".',
      see: 'errno(3)',
    },
    {
      names: ['signal'],
      meaning:
        'A short notification to a process, such as SIGTERM. The process handles it, ignores it, or takes the default action, often to terminate.',
      see: 'signal(7)',
    },
    {
      names: ['capability'],
      meaning:
        'A single right of root that a process may have, such as CAP_NET_BIND_SERVICE. Root usually has all of them.',
      see: 'capabilities(7)',
    },
    {
      names: ['descriptor', 'file descriptor', 'fd'],
      meaning:
        'A small number by which a process refers to something that it has open: a file, a pipe, a socket.',
      see: 'open(2)',
    },
    {
      names: ['open file description'],
      meaning:
        "The kernel's record of one open(2), with the file offset and the flags. Descriptors made by dup or fork share it.",
      see: 'open(2)',
    },
    {
      names: ['inode'],
      meaning:
        "The kernel's record of one file, whatever its names. Descriptors with the same inode and device refer to the same file.",
      see: 'inode(7)',
    },
    {
      names: ['block', 'blocking', 'nonblocking', 'would block', 'EAGAIN'],
      meaning:
        'A call blocks when its thread waits in the kernel until the call can succeed. A nonblocking call that would block fails with EAGAIN.',
      see: 'open(2)',
    },
  ],
  Memory: [
    {
      names: ['address space', 'isolation'],
      meaning:
        'All addresses that a process can use. Each process has its own, so the same address means different memory in different processes.',
      see: 'proc(5)',
    },
    {
      names: ['text', 'data', 'bss'],
      meaning:
        'The parts that come from the program file. Text is its instructions, data its initialized variables, and bss its variables that start as zero.',
      see: 'end(3)',
    },
    {
      names: ['heap'],
      meaning:
        'The memory that a process requests while it runs, as malloc(3) does. It grows towards higher addresses.',
      see: 'brk(2)',
    },
    {
      names: ['stack'],
      meaning:
        'The memory for local variables and return addresses of the functions that a thread is in. It grows towards lower addresses.',
      see: 'getrlimit(2)',
    },
    {
      names: ['mapping'],
      meaning:
        'A range of addresses to which the kernel assigns a file or zeroed memory, with permissions: read, write, execute.',
      see: 'mmap(2)',
    },
    {
      names: ['page', 'resident'],
      meaning:
        'Memory is managed in pages, mostly of 4096 bytes. A resident page is in physical memory; a mapped page need not be.',
      see: 'proc(5)',
    },
    {
      names: ['copy-on-write'],
      meaning:
        'After fork, parent and child share their pages. The kernel copies a page only when one of the two writes to it.',
      see: 'fork(2)',
    },
  ],
  'Shared memory': [
    {
      names: ['shared memory'],
      meaning:
        'Memory that several processes have in their address spaces at once. What one writes, the others read without a system call.',
      see: 'shm_overview(7)',
    },
    {
      names: ['segment'],
      meaning:
        'A piece of System V shared memory. It stays in the kernel until a process removes it, even when no process uses it.',
      see: 'sysvipc(7)',
    },
    {
      names: ['key', 'id'],
      meaning:
        'Processes that agree on a key, a number, find the same System V object. The kernel returns its id, which later calls use.',
      see: 'sysvipc(7)',
    },
    {
      names: ['attach', 'detach'],
      meaning: 'A process attaches a segment to have it in its address space, and detaches it to give it up.',
      see: 'shmop(2)',
    },
    {
      names: ['race', 'lost update'],
      meaning:
        "A race is a result that depends on timing. In a lost update, two threads read the same value, and one overwrites the other's result.",
      see: 'sem_overview(7)',
    },
    {
      names: ['atomic'],
      meaning:
        'An atomic operation takes effect as a whole. No other thread can see or change anything halfway through it.',
      see: 'futex(7)',
    },
    {
      names: ['lock', 'mutex', 'lock holder'],
      meaning:
        'An object that at most one thread holds at a time. Other threads wait until the lock holder releases it.',
      see: 'pthread_mutex_lock(3p)',
    },
    {
      names: ['ring buffer', 'producer', 'consumer'],
      meaning:
        'A buffer of fixed size that a producer fills and a consumer empties. Its last place is followed by its first.',
      see: 'io_uring(7)',
    },
    {
      names: ['busy waiting'],
      meaning:
        'A thread that tests a condition again and again in a loop is busy waiting. It uses CPU time; a blocked thread uses none.',
      see: 'pthread_spin_lock(3)',
    },
    {
      names: ['futex'],
      meaning:
        'A number in memory on which threads can wait in the kernel until it changes. Locks use it to block without busy waiting.',
      see: 'futex(7)',
    },
    {
      names: ['semaphore'],
      meaning:
        'A counter that is never negative. Wait subtracts one, and blocks while the counter is zero; post adds one.',
      see: 'sem_overview(7)',
    },
    {
      names: ['deadlock'],
      meaning:
        'Processes or threads wait for each other in a circle, so that none of them can ever continue.',
      see: 'fcntl(2)',
    },
  ],
  Messages: [
    {
      names: ['message queue', 'capacity'],
      meaning:
        'A kernel object that stores whole messages until a process receives them. Its capacity is how many it can store.',
      see: 'mq_overview(7)',
    },
    {
      names: ['priority'],
      meaning:
        'A number that each message in a queue has. The message with the highest priority is received first.',
      see: 'mq_send(3)',
    },
    {
      names: ['rendezvous'],
      meaning: 'Sender and receiver meet: each waits for the other, and nothing is stored between them.',
      see: 'fifo(7)',
    },
  ],
  Pipes: [
    {
      names: ['pipe', 'read end', 'write end'],
      meaning:
        'A stream of bytes in one direction through the kernel. A process writes to the write end, and another reads from the read end.',
      see: 'pipe(7)',
    },
    {
      names: ['FIFO', 'named pipe'],
      meaning: 'A pipe with a name in the file system. Any process with permission can open it.',
      see: 'fifo(7)',
    },
    {
      names: ['PIPE_BUF', 'torn message'],
      meaning:
        'A write of at most PIPE_BUF bytes (4096 on Linux) is atomic. A longer message may be torn: other bytes come between its parts.',
      see: 'pipe(7)',
    },
    {
      names: ['end of file', 'EOF'],
      meaning:
        'No more bytes will come, so read(2) returns 0. On a pipe this happens when the last write end is closed.',
      see: 'read(2)',
    },
  ],
  Sockets: [
    {
      names: ['socket', 'connection', 'peer'],
      meaning:
        'One end of a connection, through which a process sends and receives. The process at the other end is its peer.',
      see: 'socket(7)',
    },
    {
      names: ['client', 'server'],
      meaning: 'The server waits at a known address. The client connects to it and makes requests.',
      see: 'connect(2)',
    },
    {
      names: ['listener', 'backlog', 'accept'],
      meaning:
        'A socket that waits for connections. New connections queue in its backlog until the server accepts each as a socket of its own.',
      see: 'listen(2)',
    },
    {
      names: ['port', 'ephemeral port', 'well-known port'],
      meaning:
        'A number that identifies a socket within a machine. Standard services have well-known ports; a client gets any free one, its ephemeral port.',
      see: 'ip(7)',
    },
    {
      names: ['frame', 'header', 'body', 'partial frame'],
      meaning:
        'A message in a stream: a header with the length, then the body. A partial frame is one whose end has not arrived.',
      see: 'RFC 4571',
    },
    {
      names: ['big-endian'],
      meaning: 'The most significant byte of a number comes first, as in Internet protocols.',
      see: 'htonl(3)',
    },
    {
      names: ['short read', 'short write'],
      meaning:
        'A read or write that moves fewer bytes than requested. This is no error: the caller must ask for the rest.',
      see: 'read(2)',
    },
  ],
  osdemo: [
    {
      names: ['evidence', 'claim'],
      meaning:
        'A claim is a sentence that a run proves or refutes. Evidence is what the kernel reports about it, quoted with its source.',
      see: 'docs/reference/events.md',
    },
    {
      names: ['supervisor', 'actor'],
      meaning:
        'The osdemo process that you start is the supervisor. It starts the processes of a demo, its actors, and cleans up.',
      see: 'docs/inside/architecture.md',
    },
  ],
}
