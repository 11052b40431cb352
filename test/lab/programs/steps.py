# What steps.c does, in Python: a step ten times a second, from what it is told when it starts.
import sys
import time


class Order:
    def __init__(self, number, what):
        self.number = number
        self.what = what


def step(order, by):
    before = order.number
    order.number = before + by
    return order.number


def main():
    order = Order(int(sys.argv[1]), sys.argv[2])
    while True:
        step(order, 2)
        time.sleep(0.1)


main()
