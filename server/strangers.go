package server

import (
	"net/http"

	"github.com/lanyard-sso/lanyard/server/api"
)

// How often one address may come with a session or token that is not accepted,
// per second and at once. Apps whose people were removed come a few times each,
// and a whole office may stand behind one address.
const strangerRate, strangerBurst = 20, 600

// strangers answers with 429 what next answers with 401, where an address comes
// too often with what is not accepted. Whoever has a good one is served however
// busy strangers at the same address are.
func strangers(limit func(*http.Request) error, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&turnedAway{ResponseWriter: w, r: r, limit: limit}, r)
	})
}

// turnedAway is an answer that may become another one when its status is known.
type turnedAway struct {
	http.ResponseWriter
	r     *http.Request
	limit func(*http.Request) error
	muted bool
}

func (t *turnedAway) WriteHeader(status int) {
	if status == http.StatusUnauthorized && !t.muted && t.r.Header.Get("Authorization") != "" {
		if err := t.limit(t.r); err != nil {
			t.muted = true
			for _, name := range []string{"WWW-Authenticate", "Content-Length", "Content-Type"} {
				t.Header().Del(name)
			}
			t.Header().Set("Retry-After", "30")
			api.Fail(t.ResponseWriter, t.r, err)
			return
		}
	}
	if !t.muted {
		t.ResponseWriter.WriteHeader(status)
	}
}

func (t *turnedAway) Write(p []byte) (int, error) {
	if t.muted {
		return len(p), nil // the body of the answer that was not sent
	}
	return t.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController through to the connection.
func (t *turnedAway) Unwrap() http.ResponseWriter { return t.ResponseWriter }
