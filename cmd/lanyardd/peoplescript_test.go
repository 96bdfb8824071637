package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// provisioned has people created in the database lanyard.db as Entra does, with
// the token in TOKEN:
//
//	provisioned acme ada@acme.example ben@else.example
func provisioned(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: provisioned WORKSPACE USERNAME…")
	}
	st, err := sqlite.Open(context.Background(), ts.MkAbs("lanyard.db"))
	ts.Check(err)
	defer st.Close()
	s, err := server.New(server.Config{Store: st, PublicURL: &url.URL{Scheme: "https", Host: "sso.example.com"}})
	ts.Check(err)
	for _, name := range args[1:] {
		body := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q,"emails":[{"type":"work","value":%[1]q}],"active":true}`, name)
		r := httptest.NewRequest(http.MethodPost, "https://sso.example.com/scim/v2/"+args[0]+"/Users", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/scim+json")
		r.Header.Set("Authorization", "Bearer "+ts.Getenv("TOKEN"))
		w := httptest.NewRecorder()
		if s.ServeHTTP(w, r); w.Code != http.StatusCreated {
			ts.Fatalf("%s was answered %d: %s", name, w.Code, w.Body)
		}
	}
}
