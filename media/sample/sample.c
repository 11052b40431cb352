/*
 * The program in the sample checkpoint. It makes one of each thing that a process can hold, says "ready", and waits.
 *
 *   pid 1  sample    three threads (clock, keeper and the main one), the files, sockets and timers below
 *          reader    a child that is blocked in the middle of reading a pipe
 *          sleeper   a child in a session of its own, asleep
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static const char sentence[] = "Cryoscope found this sentence in the memory of a frozen process.";
static volatile uint64_t ticks;

static int must(int result, const char *what)
{
	if (result < 0)
		err(1, "%s", what);
	return result;
}

static void say(int fd, const char *words)
{
	if (write(fd, words, strlen(words)) < 0)
		err(1, "write");
}

/* Counts, ten times a second. */
static void *clock_thread(void *nothing)
{
	prctl(PR_SET_NAME, "clock");
	for (;;) {
		ticks++;
		usleep(100000);
	}
	return nothing;
}

/* Keeps the sentence on its heap and sleeps for ever. */
static void *keeper_thread(void *nothing)
{
	char *kept = strdup(sentence);

	prctl(PR_SET_NAME, "keeper");
	while (kept)
		pause();
	return nothing;
}

static void on_alarm(int number)
{
	(void)number;
}

static pid_t child(const char *name, void (*life)(int), int fd)
{
	pid_t pid = must(fork(), "fork");

	if (pid > 0)
		return pid;
	prctl(PR_SET_NAME, name);
	life(fd);
	_exit(0);
}

static void reader_life(int fd)
{
	char word[64];

	while (read(fd, word, sizeof(word)) > 0)
		;
}

static void sleeper_life(int fd)
{
	(void)fd;
	must(setsid(), "setsid");
	for (;;)
		sleep(3600);
}

static void open_files(void)
{
	int journal = must(open("/data/journal.txt", O_CREAT | O_RDWR | O_APPEND, 0640), "journal");
	int gone = must(open("/data/gone.txt", O_CREAT | O_RDWR | O_TRUNC, 0600), "gone");

	say(journal, "The journal is open for appending.\n");
	/* A file without a name: criu keeps its bytes in a ghost-file image. */
	say(gone, "This file was deleted while it was open.\n");
	must(unlink("/data/gone.txt"), "unlink");
	must(lseek(gone, 5, SEEK_SET), "lseek");
	must(memfd_create("scratch", MFD_CLOEXEC), "memfd");
}

static void open_pipe_and_sockets(void)
{
	int ends[2], pair[2], on = 1;
	struct sockaddr_in local = { .sin_family = AF_INET, .sin_port = htons(7070) };
	int listener = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");

	must(pipe(ends), "pipe");
	say(ends[1], "These words wait in a pipe.");
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
	say(pair[0], "These words wait in a Unix socket.");
	local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), "setsockopt");
	must(bind(listener, (struct sockaddr *)&local, sizeof(local)), "bind");
	must(listen(listener, 16), "listen");
}

static void start_timers(void)
{
	struct itimerspec hour = { .it_value.tv_sec = 3600, .it_interval.tv_sec = 60 };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct epoll_event interest = { .events = EPOLLIN };
	int timer_fd = must(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), "timerfd");
	int event_fd = must(eventfd(42, EFD_NONBLOCK), "eventfd");
	int epoll_fd = must(epoll_create1(EPOLL_CLOEXEC), "epoll");
	timer_t timer;

	must(timerfd_settime(timer_fd, 0, &hour, NULL), "timerfd_settime");
	interest.data.fd = timer_fd;
	must(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer_fd, &interest), "epoll_ctl");
	interest.data.fd = event_fd;
	must(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event_fd, &interest), "epoll_ctl");
	signal(SIGALRM, on_alarm);
	signal(SIGUSR1, on_alarm);
	signal(SIGPIPE, SIG_IGN);
	alarm(1800);
	must(timer_create(CLOCK_REALTIME, &event, &timer), "timer_create");
	must(timer_settime(timer, 0, &hour, NULL), "timer_settime");
}

static void map_memory(void)
{
	char *shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *secret = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED || secret == MAP_FAILED)
		err(1, "mmap");
	strcpy(shared, "Parent and children share this page.");
	strcpy(secret, "This page can only be read.");
	must(mprotect(secret, 4096, PROT_READ), "mprotect");
}

int main(void)
{
	int feed[2];
	pthread_t thread;
	sigset_t held;

	map_memory();
	/* Both ends stay open here, so the reader waits for ever. */
	must(pipe(feed), "pipe");
	child("reader", reader_life, feed[0]);
	child("sleeper", sleeper_life, -1);
	open_files();
	open_pipe_and_sockets();
	start_timers();
	sigemptyset(&held);
	sigaddset(&held, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &held, NULL);
	pthread_create(&thread, NULL, clock_thread, NULL);
	pthread_create(&thread, NULL, keeper_thread, NULL);
	/* Held back, so it is still pending when the process is frozen. */
	raise(SIGUSR2);
	usleep(300000);
	puts("ready");
	fflush(stdout);
	for (;;)
		poll(NULL, 0, -1);
}
