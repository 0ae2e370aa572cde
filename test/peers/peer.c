/* A peer of osdemo in C. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <unistd.h>

static long check(const char *call, long result) {
    if (result != -1) return result;
    perror(call);
    exit(1);
}

/* Returns 0 at end of file. */
static int read_exactly(int fd, void *into, size_t count) {
    for (size_t at = 0; at < count;) {
        long got = check("read", read(fd, (char *)into + at, count - at));
        if (got == 0) return 0;
        at += got;
    }
    return 1;
}

static void write_all(int fd, const void *bytes, size_t count) {
    for (size_t at = 0; at < count;) at += check("write", write(fd, (const char *)bytes + at, count - at));
}

/* The caller frees the body. */
static char *read_frame(int fd, uint32_t *length) {
    if (!read_exactly(fd, length, 4)) return NULL;
    *length = ntohl(*length);
    char *body = malloc(*length + 1);
    if (body && read_exactly(fd, body, *length)) return body;
    free(body);
    return NULL;
}

static void write_frame(int fd, const char *body, uint32_t length) {
    uint32_t header = htonl(length);
    write_all(fd, &header, 4);
    write_all(fd, body, length);
}

static void serve(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = check("socket", socket(AF_INET, SOCK_STREAM, 0));
    check("bind", bind(listener, (struct sockaddr *)&address, size));
    check("listen", listen(listener, 5));
    check("getsockname", getsockname(listener, (struct sockaddr *)&address, &size));
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        int peer = check("accept", accept(listener, NULL, NULL));
        uint32_t length;
        for (char *body; (body = read_frame(peer, &length)); free(body)) write_frame(peer, body, length);
        close(peer);
    }
}

static void ask(char **words) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons(atoi(*words++));
    int peer = check("socket", socket(AF_INET, SOCK_STREAM, 0));
    check("connect", connect(peer, (struct sockaddr *)&address, sizeof address));
    for (; *words; words++) {
        write_frame(peer, *words, strlen(*words));
        uint32_t length;
        char *echo = read_frame(peer, &length);
        if (!echo) exit(1);
        printf("%.*s\n", (int)length, echo);
        free(echo);
    }
}

static char *attach(const char *key, int flags) {
    int id = check("shmget", shmget(atoi(key), 1024, flags));
    char *address = shmat(id, NULL, 0);
    check("shmat", (long)address);
    return address;
}

/* Adds to the semaphore with this key, or takes from it and waits for that. Makes it if need be. */
static void change_keyed(const char *key, int by) {
    int id = check("semget", semget(atoi(key), 1, IPC_CREAT | 0600));
    struct sembuf change = {.sem_op = by};
    check("semop", semop(id, &change, 1));
    printf("%ld\n", check("semctl", semctl(id, 0, GETVAL)));
}

static void change_named(const char *name, int by) {
    sem_t *semaphore = sem_open(name, O_CREAT, 0600, 0);
    int value;
    if (semaphore == SEM_FAILED) check("sem_open", -1);
    for (; by < 0; by++) check("sem_wait", sem_wait(semaphore));
    for (; by > 0; by--) check("sem_post", sem_post(semaphore));
    check("sem_getvalue", sem_getvalue(semaphore, &value));
    printf("%d\n", value);
}

static char *map(const char *name) {
    int fd = check("shm_open", shm_open(name, O_RDWR | O_CREAT, 0600));
    check("ftruncate", ftruncate(fd, 1024));
    char *address = mmap(NULL, 1024, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    check("mmap", (long)address);
    return address;
}

int main(int count, char **words) {
    static char buffer[65536];
    const char *role = count > 1 ? words[1] : "";
    words += 2;
    if (!strcmp(role, "echo-server")) serve();
    else if (!strcmp(role, "echo-client")) ask(words);
    else if (!strcmp(role, "fifo-write")) {
        int fifo = check("open", open(*words++, O_WRONLY));
        for (; *words; words++) dprintf(fifo, "%s\n", *words);
    } else if (!strcmp(role, "fifo-read")) {
        int fifo = check("open", open(*words, O_RDONLY));
        for (long got; (got = check("read", read(fifo, buffer, sizeof buffer)));) write_all(1, buffer, got);
    } else if (!strcmp(role, "segment-write")) strcpy(attach(words[0], 01600), words[1]);
    else if (!strcmp(role, "segment-read")) puts(attach(words[0], 0));
    else if (!strcmp(role, "queue-send")) {
        mqd_t queue = check("mq_open", mq_open(*words++, O_WRONLY));
        for (; *words; words++) check("mq_send", mq_send(queue, *words, strlen(*words), 0));
    } else if (!strcmp(role, "queue-receive")) {
        mqd_t queue = check("mq_open", mq_open(words[0], O_RDONLY));
        for (int left = atoi(words[1]); left > 0; left--) {
            long got = check("mq_receive", mq_receive(queue, buffer, sizeof buffer, NULL));
            printf("%.*s\n", (int)got, buffer);
        }
    } else if (!strcmp(role, "semaphore")) {
        (*words[0] == '/' ? change_named : change_keyed)(words[0], atoi(words[1]));
    } else if (!strcmp(role, "object-write")) strcpy(map(words[0]), words[1]);
    else if (!strcmp(role, "object-read")) puts(map(words[0]));
    else return 2;
    return 0;
}
