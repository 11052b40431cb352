/*
 * A program to debug: `threads N` runs N threads that count, while main ticks once a second and prints.
 * Built with -g -O0; `ticks`, `workers` and `banner` are there to be looked at.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

struct worker {
	int id;
	volatile long counter;
	char name[16];
	double weight;
};

struct worker *workers;
int worker_count = 4;
volatile long ticks;
const char *banner = "cryoscope-threads";

static void count(struct worker *worker)
{
	worker->counter += worker->id + 1;
	usleep(50000);
}

static void *work(void *argument)
{
	struct worker *worker = argument;

	prctl(PR_SET_NAME, worker->name);
	for (;;)
		count(worker);
	return NULL;
}

static int tick(int number)
{
	int doubled = number * 2;

	ticks++;
	sleep(1);
	return doubled;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		worker_count = atoi(argv[1]);
	workers = calloc(worker_count, sizeof(*workers));
	for (int i = 0; i < worker_count; i++) {
		pthread_t thread;

		workers[i].id = i;
		workers[i].weight = i * 1.5;
		snprintf(workers[i].name, sizeof(workers[i].name), "worker-%d", i);
		pthread_create(&thread, NULL, work, &workers[i]);
	}
	for (;;) {
		int doubled = tick((int)ticks);

		printf("tick %ld doubled %d pid %d\n", ticks, doubled, getpid());
		fflush(stdout);
	}
}
