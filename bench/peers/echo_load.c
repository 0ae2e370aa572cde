/*
 * Puts load on an echo server of length-prefixed frames, and checks the echoes by the number of bytes and their sum.
 *
 *     echo_load PORT CONNECTIONS WINDOW SIZE FRAMES
 *
 * Each of the connections to 127.0.0.1 sends FRAMES frames of SIZE bytes, at most WINDOW of them before their echoes.
 * With one connection and a window of one it is a ping-pong with blocking calls. Prints the milliseconds it took, from
 * the first byte sent to the last one received.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct connection {
    int fd;
    /* Bytes of the whole run that this connection has sent and received. */
    uint64_t sent, received;
};

static size_t frame;      /* bytes of a frame, with its header */
static size_t window;     /* most frames sent and not yet echoed */
static uint64_t all;      /* bytes that each connection sends */
static uint64_t sum;      /* of all bytes received */
static unsigned char *pattern; /* window + 1 frames, one after the other */
static unsigned char inbox[1 << 18];

static void die(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t sum_of(const unsigned char *bytes, size_t n) {
    uint64_t total = 0;
    for (size_t i = 0; i < n; i++) total += bytes[i];
    return total;
}

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* Sends as much as the window and the socket allow. */
static void send_more(struct connection *c) {
    for (;;) {
        uint64_t limit = (c->received / frame + window) * frame;
        if (limit > all) limit = all;
        if (c->sent >= limit) return;
        size_t at = c->sent % frame;
        size_t length = limit - c->sent;
        if (length > (window + 1) * frame - at) length = (window + 1) * frame - at;
        ssize_t n = write(c->fd, pattern + at, length);
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) die("write");
        c->sent += n;
    }
}

/* Receives what has arrived. Returns 0 when nothing has. */
static ssize_t take(struct connection *c) {
    ssize_t n = read(c->fd, inbox, sizeof inbox);
    if (n < 0 && errno == EAGAIN) return 0;
    if (n < 0) die("read");
    if (n == 0) {
        fprintf(stderr, "the server closed a connection\n");
        exit(1);
    }
    c->received += n;
    sum += sum_of(inbox, n);
    return n;
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: echo_load PORT CONNECTIONS WINDOW SIZE FRAMES\n");
        return 2;
    }
    int connections = atoi(argv[2]);
    window = atoi(argv[3]);
    size_t size = atoi(argv[4]);
    frame = size + 4;
    all = strtoull(argv[5], NULL, 10) * frame;
    int ping_pong = connections == 1 && window == 1;

    pattern = malloc((window + 1) * frame);
    for (size_t n = 0; n <= window; n++) {
        unsigned char *at = pattern + n * frame;
        uint32_t header = htonl(size);
        memcpy(at, &header, 4);
        for (size_t i = 0; i < size; i++) at[4 + i] = (unsigned char)(i * 7 + 1);
    }
    uint64_t expected = sum_of(pattern, frame) * (all / frame) * connections;

    struct connection *c = calloc(connections, sizeof *c);
    int poll = epoll_create1(0);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < connections; i++) {
        int one = 1;
        c[i].fd = socket(AF_INET, SOCK_STREAM, 0);
        if (c[i].fd < 0 || connect(c[i].fd, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
        setsockopt(c[i].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (ping_pong) continue;
        fcntl(c[i].fd, F_SETFL, O_NONBLOCK);
        struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = &c[i] };
        if (epoll_ctl(poll, EPOLL_CTL_ADD, c[i].fd, &event) < 0) die("epoll_ctl");
    }

    double begin = now_ms();
    int open = connections;
    while (ping_pong && c->received < all) {
        send_more(c);
        while (c->received < c->sent) take(c);
    }
    while (!ping_pong && open > 0) {
        struct epoll_event events[64];
        int n = epoll_wait(poll, events, 64, 10000);
        if (n == 0) {
            fprintf(stderr, "nothing has come for ten seconds\n");
            return 1;
        }
        for (int i = 0; i < n; i++) {
            struct connection *one = events[i].data.ptr;
            uint64_t before = one->received;
            while (one->received < all && take(one) == sizeof inbox) continue;
            send_more(one);
            if (before < all && one->received >= all) open--;
        }
    }
    double end = now_ms();

    for (int i = 0; i < connections; i++) {
        if (c[i].received != all) {
            fprintf(stderr, "connection %d got %llu bytes of %llu\n", i, (unsigned long long)c[i].received,
                    (unsigned long long)all);
            return 1;
        }
    }
    if (sum != expected) {
        fprintf(stderr, "the bytes that came add up to %llu, not %llu\n", (unsigned long long)sum,
                (unsigned long long)expected);
        return 1;
    }
    printf("%.3f\n", end - begin);
    return 0;
}
