package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// held are passwords of which nobody is sent a link before the test says so.
type held struct {
	signin.Passwords
	begun, release chan struct{}
}

func (h *held) Forgot(context.Context, directory.Workspace, string) error {
	h.begun <- struct{}{}
	<-h.release
	return nil
}

func (h *held) SendsLinks(context.Context) (bool, error) { return true, nil }

// A person is looked for, and a mail to them written, after the answer. Whoever asks
// something else on the same connection does not learn how long that took.
func TestLocal_noAnswerWaitsForAMailToBeWritten(t *testing.T) {
	w := newLocal(t, "sqlite")
	h, mux := w.r.server.web(nil, func(*http.Request) error { return nil }), http.NewServeMux()
	p := &held{w.r.server.book, make(chan struct{}), make(chan struct{})}
	h.Passwords = p
	h.Mount(mux)
	front := httptest.NewServer(mux)
	defer front.Close()
	defer close(p.release)
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ask := func(method, path, body string) int {
		req, err := http.NewRequestWithContext(ctx, method, front.URL+path, strings.NewReader(body))
		w.must(err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := client.Do(req)
		w.must(err)
		text(t, resp)
		resp.Body.Close()
		return resp.StatusCode
	}
	if status := ask("POST", "/w/acme/password/forgot", url.Values{"email": {"bo@acme.example"}}.Encode()); status != http.StatusOK {
		t.Errorf("the first answer: %d", status)
	}
	<-p.begun
	if status := ask("GET", "/w/acme/", ""); status != http.StatusOK {
		t.Errorf("the second answer: %d", status)
	}
}

func TestErrands_nothingIsLost(t *testing.T) {
	e := newErrands()
	var done atomic.Int32
	do := func() { done.Add(1) }
	e.Soon(do)
	if done.Load() != 1 {
		t.Error("while nobody runs them they are not done at once")
	}
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error)
	go func() { ran <- e.Run(ctx) }()
	hold := make(chan struct{})
	for range errandsAtOnce {
		for !e.put(func() { <-hold; do() }) {
			<-time.After(time.Millisecond)
		}
	}
	for range 2 * errandsWaiting {
		e.Soon(do) // those that find no room are done at once
	}
	cancel()
	close(hold)
	if err := <-ran; err != nil || done.Load() != 1+errandsAtOnce+2*errandsWaiting {
		t.Errorf("%d were done, %v", done.Load(), err)
	}
	e.Soon(do)
	if done.Load() != 2+errandsAtOnce+2*errandsWaiting {
		t.Error("after the end one was lost")
	}
}
