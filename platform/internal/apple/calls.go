package apple

import "sync"

// calls are those to the system that it has not answered. It is given a number
// for each, never a pointer, so an answer that comes late or twice finds
// nothing (where a runtime/cgo.Handle would panic) and nothing dangles. The
// zero value is ready.
type calls struct {
	mu      sync.Mutex
	last    uint64
	waiting map[uint64]func(callback string, err error)
}

// begin returns the number of a new call. end is called once.
func (c *calls) begin(end func(callback string, err error)) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting == nil {
		c.waiting = make(map[uint64]func(string, error))
	}
	c.last++
	c.waiting[c.last] = end
	return c.last
}

// end passes an answer on. It reports whether anybody waited for it.
func (c *calls) end(number uint64, callback string, err error) bool {
	c.mu.Lock()
	end, ok := c.waiting[number]
	delete(c.waiting, number)
	c.mu.Unlock()
	if ok {
		end(callback, err)
	}
	return ok
}
