package console

import (
	"context"
	"reflect"
	"strconv"
	"sync"
)

// uploadsAtOnce is how many files are in memory at once, from their first byte
// until what is done with them is done.
const uploadsAtOnce = 4

// uploads has those who send files wait for one another: those of one workspace in
// a line of their own, so that nobody slow keeps others waiting. It is safe for
// concurrent use.
type uploads struct {
	all   chan struct{}
	mu    sync.Mutex
	lines map[string]*line
}

// line is where those of one workspace wait, and how many they are.
type line struct {
	turn chan struct{}
	n    int
}

func newUploads() *uploads {
	return &uploads{all: make(chan struct{}, uploadsAtOnce), lines: map[string]*line{}}
}

// enter waits until a file of whom may be received. leave is to be called when it
// is of no more use.
func (u *uploads) enter(ctx context.Context, whom string) (leave func(), err error) {
	u.mu.Lock()
	l := u.lines[whom]
	if l == nil {
		l = &line{turn: make(chan struct{}, 1)}
		u.lines[whom] = l
	}
	l.n++
	u.mu.Unlock()
	gone := func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		if l.n--; l.n == 0 {
			delete(u.lines, whom)
		}
	}
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		gone()
		return nil, ctx.Err()
	}
	select {
	case u.all <- struct{}{}:
	case <-ctx.Done():
		<-l.turn
		gone()
		return nil, ctx.Err()
	}
	return func() {
		<-u.all
		<-l.turn
		gone()
	}, nil
}

// largest is how many bytes the files of an input have together; 0 where it has
// none. A field's tag "most" says of one that it is smaller than others.
func largest(in reflect.Type) (most int64) {
	if in == nil {
		return 0
	}
	for _, f := range reflect.VisibleFields(in) {
		if f.Type == upload {
			most += mostOf(f)
		}
	}
	return most
}

// mostOf is how many bytes the file in a field has.
func mostOf(f reflect.StructField) int64 {
	if n, err := strconv.ParseInt(f.Tag.Get("most"), 10, 64); err == nil && n > 0 && n < MaxUpload {
		return n
	}
	return MaxUpload
}

// enterLine waits until what a route takes may be received from whoever asks.
func (o *Console) enterLine(ctx context.Context, c *Call, rt Route) (leave func(), err error) {
	if largest(rt.in) == 0 {
		return func() {}, nil
	}
	whom := "workspace " + c.Workspace.ID
	if c.Workspace.ID == "" {
		whom = "person " + c.Me.ID
	}
	return o.uploading.enter(ctx, whom)
}
