// What steps.c does, in Go: a step ten times a second, from what it is told when it starts.
package main

import (
	"os"
	"strconv"
	"time"
)

type order struct {
	number int
	what   string
}

func step(o *order, by int) int {
	before := o.number
	o.number = before + by
	return o.number
}

func main() {
	number, _ := strconv.Atoi(os.Args[1])
	o := order{number, os.Args[2]}
	for {
		step(&o, 2)
		time.Sleep(100 * time.Millisecond)
	}
}
