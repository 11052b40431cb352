/*
 * Preloaded into criu by the lab. Root in a container or a small virtual machine often lacks CAP_SYS_RESOURCE;
 * then prlimit(2) refuses even to read the limits of another user's task, and criu cannot dump any task that
 * isn't root's. /proc/PID/limits says the same to everyone who may ptrace the task, so a refused read is answered
 * from there. A write is passed on untouched.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The rows of /proc/PID/limits, by RLIMIT_ number (fs/proc/base.c). */
static const char *const rows[] = {
	[RLIMIT_CPU] = "Max cpu time",
	[RLIMIT_FSIZE] = "Max file size",
	[RLIMIT_DATA] = "Max data size",
	[RLIMIT_STACK] = "Max stack size",
	[RLIMIT_CORE] = "Max core file size",
	[RLIMIT_RSS] = "Max resident set",
	[RLIMIT_NPROC] = "Max processes",
	[RLIMIT_NOFILE] = "Max open files",
	[RLIMIT_MEMLOCK] = "Max locked memory",
	[RLIMIT_AS] = "Max address space",
	[RLIMIT_LOCKS] = "Max file locks",
	[RLIMIT_SIGPENDING] = "Max pending signals",
	[RLIMIT_MSGQUEUE] = "Max msgqueue size",
	[RLIMIT_NICE] = "Max nice priority",
	[RLIMIT_RTPRIO] = "Max realtime priority",
	[RLIMIT_RTTIME] = "Max realtime timeout",
};
/* Each name is padded to this width, then come the soft and the hard limit. */
#define NAME_WIDTH 26

static rlim64_t limit(const char *text)
{
	return strcmp(text, "unlimited") == 0 ? RLIM64_INFINITY : strtoull(text, NULL, 10);
}

static int read_limits(pid_t pid, unsigned int resource, struct rlimit64 *out)
{
	char path[64], line[256], soft[32], hard[32];
	int found = -1;
	FILE *file;

	if (resource >= sizeof(rows) / sizeof(rows[0]))
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/limits", pid);
	file = fopen(path, "re");
	if (!file)
		return -1;
	while (found && fgets(line, sizeof(line), file))
		if (strncmp(line, rows[resource], strlen(rows[resource])) == 0 &&
		    sscanf(line + NAME_WIDTH, "%31s %31s", soft, hard) == 2) {
			out->rlim_cur = limit(soft);
			out->rlim_max = limit(hard);
			found = 0;
		}
	fclose(file);
	return found;
}

/* criu calls prlimit through syscall(2)'s wrapper, which takes up to six words more. */
long syscall(long number, ...)
{
	static long (*next)(long, ...);
	long word[6], result;
	va_list words;

	if (!next)
		next = dlsym(RTLD_NEXT, "syscall");
	va_start(words, number);
	for (int i = 0; i < 6; i++)
		word[i] = va_arg(words, long);
	va_end(words);
	result = next(number, word[0], word[1], word[2], word[3], word[4], word[5]);
	if (number == SYS_prlimit64 && result < 0 && errno == EPERM && !word[2] && word[3]) {
		if (read_limits(word[0], word[1], (struct rlimit64 *)word[3]) == 0)
			return 0;
		errno = EPERM;
	}
	return result;
}

int prlimit64(pid_t pid, enum __rlimit_resource resource, const struct rlimit64 *new, struct rlimit64 *old)
{
	return syscall(SYS_prlimit64, pid, resource, new, old);
}
