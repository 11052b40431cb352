// Holds BPF maps of two kinds with entries in them: a hash table and a frozen array. What bpftool would say of them is
// printed first. Frozen by a criu that was built with libbpf for test/fixtures/bpf-maps.tar.gz; Debian's isn't.
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(enum bpf_cmd command, union bpf_attr *attr) { return syscall(SYS_bpf, command, attr, sizeof *attr); }

static int map(uint32_t type, uint32_t key, uint32_t value, uint32_t most, uint32_t flags, const char *name) {
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.map_type = type;
  attr.key_size = key;
  attr.value_size = value;
  attr.max_entries = most;
  attr.map_flags = flags;
  strncpy(attr.map_name, name, sizeof attr.map_name - 1);
  return bpf(BPF_MAP_CREATE, &attr);
}

static void put(int fd, const void *key, const void *value) {
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.map_fd = fd;
  attr.key = (uint64_t)(uintptr_t)key;
  attr.value = (uint64_t)(uintptr_t)value;
  if (bpf(BPF_MAP_UPDATE_ELEM, &attr)) perror("update");
  printf("%d %.8s\n", *(const int *)key, (const char *)value);
}

int main(void) {
  int colours = map(BPF_MAP_TYPE_HASH, 4, 8, 16, BPF_F_NO_PREALLOC, "colours");
  int numbers = map(BPF_MAP_TYPE_ARRAY, 4, 8, 3, 0, "numbers");
  if (colours < 0 || numbers < 0) return perror("bpf"), 1;
  const char *names[] = {"crimson", "emerald", "sapphir"};
  for (int index = 0; index < 3; index++) {
    int key = 1000 + index;
    put(colours, &key, names[index]);
  }
  const char *words[] = {"zero", "one\0\0\0\0", "two\0\0\0\0"};
  for (int index = 0; index < 3; index++) {
    char value[8] = {0};
    strncpy(value, words[index], 7);
    put(numbers, &index, value);
  }
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.map_fd = numbers;
  if (bpf(BPF_MAP_FREEZE, &attr)) perror("freeze");
  for (int fd = colours; fd <= numbers; fd++) {
    char path[32], text[512];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    FILE *file = fopen(path, "r");
    size_t got = fread(text, 1, sizeof text - 1, file);
    text[got] = 0;
    printf("fd %d\n%s", fd, text);
    fclose(file);
  }
  fflush(stdout);
  for (;;) pause();
}
