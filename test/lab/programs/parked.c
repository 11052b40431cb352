/* Three threads, each some calls deep, that wait for ever: a stack for debuggers to agree on. */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static double weights[8] = {0.5, 1.5, 2.5};
const char *banner = "parked";

static int park(int worker)
{
	volatile int mine = worker * 1000;

	for (;;)
		pause();
	return mine;
}

static int descend(int worker, int depth)
{
	int below = depth == 0 ? park(worker) : descend(worker, depth - 1);

	return below + (int)weights[worker];
}

static void *work(void *argument)
{
	long worker = (long)argument;

	descend((int)worker, (int)worker + 2);
	return NULL;
}

int main(void)
{
	pthread_t threads[2];

	for (long i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, work, (void *)(i + 1));
	sleep(1);
	puts("ready");
	fflush(stdout);
	descend(0, 1);
}
