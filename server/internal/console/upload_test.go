package console

import (
	"context"
	"errors"
	"reflect"
	"testing"
)

// Somebody who sends slowly keeps nobody waiting but those of the same workspace,
// and all together do not fill the memory.
func TestUploads_eachWorkspaceWaitsInItsOwnLine(t *testing.T) {
	u, gone := newUploads(), func() context.Context {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		return ctx
	}()
	enter := func(whom string) func() {
		t.Helper()
		leave, err := u.enter(t.Context(), whom)
		if err != nil {
			t.Fatal(err)
		}
		return leave
	}
	full := func(whom string) {
		t.Helper()
		if _, err := u.enter(gone, whom); !errors.Is(err, context.Canceled) {
			t.Errorf("%s was let in: %v", whom, err)
		}
	}
	first := enter("acme")
	full("acme")
	next := make(chan func())
	go func() { next <- enter("acme") }()
	others := []func(){enter("b"), enter("c"), enter("d")}
	full("e")
	others[0]()
	enter("e")()
	first()
	(<-next)()
	for _, leave := range others[1:] {
		leave()
	}
	if len(u.lines) != 0 || len(u.all) != 0 {
		t.Errorf("%d lines are left, and %d places taken", len(u.lines), len(u.all))
	}
}

func TestLargest_itIsWhatTheFieldsSay(t *testing.T) {
	for want, in := range map[int64]any{
		0:         struct{ A string }{},
		MaxUpload: struct{ A Upload }{},
		MaxUpload + 1000: struct {
			A Upload
			B Upload `most:"1000"`
		}{},
	} {
		if got := largest(reflect.TypeOf(in)); got != want {
			t.Errorf("%T: %d, want %d", in, got, want)
		}
	}
}
