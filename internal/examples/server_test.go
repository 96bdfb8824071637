package examples

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"

	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

func Example_server() {
	dir, err := os.MkdirTemp("", "lanyard-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()

	handler, err := newServer(ctx, filepath.Join(dir, "lanyard.db"), &url.URL{Scheme: "https", Host: "example.com"})
	if err != nil {
		fmt.Println(err)
		return
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/workspaces/acme", nil))
	fmt.Println(w.Code)
	// Output: 404
}

// newServer stands in the README as it stands here.

func newServer(ctx context.Context, file string, public *url.URL) (http.Handler, error) {
	store, err := sqlite.Open(ctx, file) // or postgres.Open(ctx, "postgres://…")
	if err != nil {
		return nil, err
	}
	lanyard, err := server.New(server.Config{Store: store, PublicURL: public})
	if err != nil {
		return nil, err
	}
	go func() {
		defer store.Close()
		_ = lanyard.Run(ctx) // delivers events until ctx ends
	}()
	mux := http.NewServeMux()
	mux.Handle("/v1/", lanyard)   // what apps call
	mux.Handle("/scim/", lanyard) // what Entra calls
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "your product") })
	return mux, nil
}
