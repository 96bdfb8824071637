package server

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/server/api"
)

// canary is planted wherever a secret stands. It must come out nowhere.
const canary = "c4n4rYc4n4rYc4n4rYc4n4rY"

// Everything that goes wrong here goes wrong with a secret at hand. None of it
// may show in the log, in an answer, in an error or on disk.
func TestServer_itLeaksNoSecret(t *testing.T) {
	w := newWorld(t, "sqlite")
	r := w.serve(w.store)
	w.provision(r, w.ada)
	seen := &bytes.Buffer{} // every answer and error

	plant := func(c entratest.Claims) {
		c["uti"], c["rh"], c["aio"], c["sid"], c["email"] = canary, canary, canary, canary, canary+"@x.example"
	}
	secrets := []string{canary, base64.RawURLEncoding.EncodeToString([]byte(canary)), w.scim}
	for _, f := range entratest.Forgeries() {
		token := w.tenant.Forge(f, w.app, w.ada, plant)
		secrets = append(secrets, parts(token)...)
		_, err := w.signIn(r, token)
		seen.WriteString(err.Error())
	}
	good := w.tenant.AccessToken(w.app, w.ada, plant)
	session, err := w.signIn(r, good)
	if err != nil {
		t.Fatal(err)
	}
	secrets = append(append(secrets, parts(good)...), session.Token, strings.TrimPrefix(session.Token, "lyses_"))

	stream, cancel := context.WithCancel(context.Background())
	_ = r.client.Events(stream, session.Token, func(api.Event) error { cancel(); return nil })
	for _, c := range []struct{ method, path, bearer, contentType, body string }{
		{"GET", "/v1/me", session.Token, "", ""},
		{"GET", "/v1/me?token=" + session.Token, canary, "", ""},
		{"GET", "/v1/" + session.Token, session.Token, "", ""},
		{"GET", "/v1/me/" + good, session.Token, "", ""},
		{"POST", "/v1/session", "", "application/json", `{"workspace":"` + canary + `","access_token":"` + canary + `"}`},
		{"POST", "/v1/session", "", "application/json", `{"workspace":"acme","access_token":{"` + canary + `":1}}`},
		{"POST", "/v1/session", "", "text/plain", canary},
		{"POST", "/v1/discover", "", "application/json", `{"email":"` + canary},
		{"GET", "/scim/v2/acme/Users?filter=nonsense&token=" + canary, w.scim, "", ""},
		{"GET", "/scim/v2/acme/Users", w.scim + canary, "", ""},
		{"GET", "/scim/v2/other/Users", w.scim, "", ""},
		{"POST", "/scim/v2/acme/Users", w.scim, "application/scim+json", `{"userName":7,"password":"` + canary + `"}`},
		{
			"POST", "/scim/v2/acme/Users", w.scim, "application/scim+json",
			`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"bob@acme.example","externalId":"b","active":true,"password":"` + canary + `"}`,
		},
		{"DELETE", "/v1/session", session.Token, "", ""},
		{"GET", "/v1/me", session.Token, "", ""},
	} {
		req, err := http.NewRequest(c.method, r.URL+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", c.contentType)
		req.Header.Set("Authorization", "Bearer "+c.bearer)
		req.Header.Set("Cookie", canary)
		req.Header.Set("X-Request-Id", canary)
		req.Header.Set("User-Agent", canary)
		resp, err := r.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		for name, values := range resp.Header {
			seen.WriteString(name + strings.Join(values, ","))
		}
		answer, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		seen.Write(answer)
	}
	w.leaks(t, "the answers", seen.String(), secrets)
	w.leaks(t, "the log", w.log.String(), secrets)
	if !strings.Contains(w.log.String(), "msg=request") {
		t.Error("nothing was logged at all")
	}
	for _, name := range databaseFiles(t, w) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		w.leaks(t, filepath.Base(name), string(data), secrets)
	}
}

// parts returns the pieces of a token that are long enough to be telling.
func parts(token string) (out []string) {
	for _, p := range strings.Split(token, ".") {
		if len(p) > 24 && !strings.HasPrefix(p, base64.RawURLEncoding.EncodeToString([]byte(`{"alg"`))) {
			out = append(out, p)
		}
	}
	return out
}

func (w *world) leaks(t *testing.T, where, text string, secrets []string) {
	t.Helper()
	for _, s := range secrets {
		if i := strings.Index(text, s); i >= 0 {
			t.Errorf("%s holds a secret: …%.200s", where, text[max(0, i-80):])
			return
		}
	}
}

// databaseFiles are the files of the world's SQLite database.
func databaseFiles(t *testing.T, w *world) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(w.dir, "*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no database files: %v", err)
	}
	return names
}
