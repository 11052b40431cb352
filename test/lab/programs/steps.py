# What steps.c does, in Python: a step ten times a second, from what it is told when it starts. Its number is to be
# found in its memory, as ten digits after the word.
import sys
import time


class Order:
    def __init__(self, number, what):
        self.number = number
        self.what = what
        self.mark = bytearray(b"%s %010d" % (what.encode(), number))


def step(order, by):
    before = order.number
    order.number = before + by
    order.mark[:] = b"%s %010d" % (order.what.encode(), order.number)
    return order.number


def main():
    order = Order(int(sys.argv[1]), sys.argv[2])
    while True:
        step(order, 2)
        time.sleep(0.1)


main()
