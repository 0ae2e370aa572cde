/*
 * The echo server in C, with epoll and one thread. It reads large chunks, and all complete frames of a chunk go back
 * in one write(2). Prints `listening on 127.0.0.1:PORT`.
 */
#define _GNU_SOURCE
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
#include <unistd.h>

#define CAPACITY (1 << 18)

struct connection {
    int fd;
    /* Bytes in the buffer. Those up to `whole` are complete frames, and those up to `sent` were sent. */
    size_t filled, whole, sent;
    unsigned char buffer[CAPACITY];
};

static int poll;

static void watch(struct connection *c, int operation, uint32_t events) {
    struct epoll_event event = { .events = events, .data.ptr = c };
    epoll_ctl(poll, operation, c->fd, &event);
}

static void drop(struct connection *c) {
    close(c->fd);
    free(c);
}

/* Sends the complete frames. Returns 0 when the socket is full before the end, -1 when the peer has closed. */
static int flush(struct connection *c) {
    while (c->sent < c->whole) {
        ssize_t n = write(c->fd, c->buffer + c->sent, c->whole - c->sent);
        if (n < 0) return errno == EAGAIN ? 0 : -1;
        c->sent += n;
    }
    memmove(c->buffer, c->buffer + c->whole, c->filled - c->whole);
    c->filled -= c->whole;
    c->whole = c->sent = 0;
    return 1;
}

static void serve(struct connection *c, uint32_t events) {
    if (events & EPOLLOUT) {
        int state = flush(c);
        if (state < 0) return drop(c);
        if (state > 0) watch(c, EPOLL_CTL_MOD, EPOLLIN);
        return;
    }
    ssize_t n = read(c->fd, c->buffer + c->filled, CAPACITY - c->filled);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return drop(c);
    c->filled += n;
    while (c->filled - c->whole >= 4) {
        uint32_t length;
        memcpy(&length, c->buffer + c->whole, 4);
        length = ntohl(length);
        if (length > CAPACITY - 4) return drop(c);
        if (c->filled - c->whole - 4 < length) break;
        c->whole += 4 + length;
    }
    if (c->whole == 0) return;
    int state = flush(c);
    if (state < 0) drop(c);
    else if (state == 0) watch(c, EPOLL_CTL_MOD, EPOLLOUT);
}

int main(void) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 511) < 0) {
        perror("listen");
        return 1;
    }
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);

    poll = epoll_create1(0);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event events[64];
        int n = epoll_wait(poll, events, 64, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr) {
                serve(events[i].data.ptr, events[i].events);
                continue;
            }
            int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
            if (fd < 0) continue;
            int one = 1;
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            struct connection *c = malloc(sizeof *c);
            c->fd = fd;
            c->filled = c->whole = c->sent = 0;
            watch(c, EPOLL_CTL_ADD, EPOLLIN);
        }
    }
}
