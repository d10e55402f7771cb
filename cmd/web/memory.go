package main

import (
	"os"
	"runtime"
)

// heapFloor is room that the garbage collector counts as in use, and that
// nothing is ever written to, so that the machine never gives it. Without it a
// busy server with a small heap collects ten times a second.
const heapFloor = 8 << 20

// keepHeapFloor holds the floor until the returned function is called. Whoever
// sets GOGC has decided otherwise.
func keepHeapFloor() (release func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	floor := make([]byte, heapFloor)
	return func() { runtime.KeepAlive(floor) }
}
