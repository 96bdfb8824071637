package server

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// BenchmarkSession is POST /v1/session from HTTP to the committed session, with
// nothing left out but the network: token verification, admission, one durable
// transaction. Run it with -cpu 8 for eight clients at once.
func BenchmarkSession(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			w := newWorld(b, engine)
			r := w.serve(w.store)
			w.provision(r, w.ada)
			public, err := url.Parse("http://localhost")
			if err != nil {
				b.Fatal(err)
			}
			s, err := New(Config{
				Store: w.store, PublicURL: public, HTTPClient: w.entra.HTTPClient(),
				Log: slog.New(slog.DiscardHandler), InsecureNoRateLimits: true,
			})
			if err != nil {
				b.Fatal(err)
			}
			request := `{"workspace":"acme","device":"bench","access_token":"` + w.tenant.AccessToken(w.app, w.ada) + `"}`
			post := func() int {
				req := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/v1/session", strings.NewReader(request))
				req.Header.Set("Content-Type", "application/json")
				rec := httptest.NewRecorder()
				s.ServeHTTP(rec, req)
				return rec.Code
			}
			if code := post(); code != 200 {
				b.Fatal(code)
			}
			b.ReportAllocs()
			b.SetParallelism(8)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if code := post(); code != 200 {
						b.Errorf("status %d", code)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sessions/s")
		})
	}
}
