package server

import (
	"context"
	"sync"
)

const (
	// errandsAtOnce and errandsWaiting bound what is done after answers.
	errandsAtOnce  = 4
	errandsWaiting = 1024
)

// errands do what somebody who asked must not wait for: not even by the next
// question on the same connection (RFC 9112, section 9.3.2), which is answered when
// the first is done with.
type errands struct {
	mu      sync.Mutex
	running bool
	wait    chan func()
}

func newErrands() *errands { return &errands{wait: make(chan func(), errandsWaiting)} }

// Soon has something done soon or, where Run does not run or has too much to do, at
// once: nothing is lost.
func (e *errands) Soon(do func()) {
	if !e.put(do) {
		do()
	}
}

func (e *errands) put(do func()) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.running {
		return false
	}
	select {
	case e.wait <- do:
		return true
	default:
		return false
	}
}

// Run does errands until ctx ends, and then those that are left.
func (e *errands) Run(ctx context.Context) error {
	e.run(true)
	var all sync.WaitGroup
	for range errandsAtOnce {
		all.Go(func() {
			for {
				select {
				case do := <-e.wait:
					do()
				case <-ctx.Done():
					return
				}
			}
		})
	}
	<-ctx.Done()
	e.run(false)
	all.Wait()
	for {
		select {
		case do := <-e.wait:
			do()
		default:
			return nil
		}
	}
}

func (e *errands) run(on bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running = on
}
