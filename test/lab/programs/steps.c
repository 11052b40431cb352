// Takes a step ten times a second. What it holds is told to it when it starts, and stays in its memory only.
#include <stdlib.h>
#include <time.h>

struct order {
  long number;
  const char *what;
};

static long step(struct order *order, long by) {
  long before = order->number;
  order->number = before + by;
  return order->number;
}

int main(int count, char **words) {
  struct order order = {count > 1 ? atol(words[1]) : 40, count > 2 ? words[2] : "nothing"};
  const struct timespec pause = {0, 100 * 1000 * 1000};
  for (;;) {
    step(&order, 2);
    nanosleep(&pause, NULL);
  }
}
