package server

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/mobile"
)

// onlyAcme lets whoever has the word into acme's pages, and into nobody else's.
func onlyAcme(r *http.Request, workspace string) (string, error) {
	switch {
	case r.Header.Get("Authorization") == "":
		return "", nil
	case r.Header.Get("Authorization") != "Word ada":
		return "", problem.Wrap(problem.SessionGone, errors.New("another word"))
	case workspace != "acme":
		return "", problem.New(problem.NotFound)
	}
	return "ada", nil
}

// asked is one answer of the API.
type asked struct {
	*testing.T
	status int
	body   string
}

// into reads the answer.
func (a asked) into(v any) asked {
	a.Helper()
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		a.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return a
}

func (a asked) is(status int, code problem.Code) asked {
	a.Helper()
	var p struct{ Code problem.Code }
	if a.into(&p); a.status != status || p.Code != code {
		a.Errorf("got %d %s, want %d %s", a.status, a.body, status, code)
	}
	return a
}

// mobileAPI serves the API alone, and asks it as ada unless told otherwise.
func mobileAPI(t *testing.T, w *world, admin func(*http.Request, string) (string, error)) func(method, path, body string, change ...func(*http.Request)) asked {
	t.Helper()
	r := w.serve(w.open()) // each server has its own handle
	front := httptest.NewServer(http.StripPrefix("/admin", r.server.MobileAPI(admin)))
	t.Cleanup(front.Close)
	return func(method, path, body string, change ...func(*http.Request)) asked {
		t.Helper()
		req, err := http.NewRequest(method, front.URL+"/admin/workspaces"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Word ada")
		req.Header.Set("Content-Type", "application/json")
		for _, f := range change {
			f(req)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s may be cached", method, path)
		}
		return asked{t, resp.StatusCode, string(text)}
	}
}

// req: G2
// req: G4
func TestMobileAPI_itShowsChecksStoresAndRemoves(t *testing.T) {
	w := newWorld(t, "sqlite")
	ask := mobileAPI(t, w, onlyAcme)
	var d mobile.FullDocument
	if ask("GET", "/acme/mobile", "").into(&d); d.Version != 0 || len(d.History) != 0 {
		t.Errorf("at first: %+v", d)
	}
	config, err := json.Marshal(string(redirect.NewMSAL(w.app.ClientID, w.tenant.ID, phone("play")).JSON()))
	if err != nil {
		t.Fatal(err)
	}
	body := `{"version":0,"apple":[{"bundle_id":"com.acme.lanyard"}],"redirect_uris":["http://localhost"],"msal":[` + string(config) + `]}`
	if ask("PATCH", "/ACME/mobile?check=true", body).into(&d); len(d.Changes) != 4 || d.Version != 0 {
		t.Errorf("checked: %+v", d)
	}
	if ask("PATCH", "/acme/mobile", body).into(&d); d.Version != 1 || d.ChangedBy != "ada" || !d.Desktop || len(d.Android) != 1 || d.Android[0].MSAL == nil {
		t.Errorf("stored: %+v", d)
	}
	if ask("GET", "/acme/mobile", "").into(&d); d.Version != 1 || len(d.History) != 1 || d.History[0].Who != "ada" {
		t.Errorf("shown: %+v", d)
	}

	var refused mobile.RefusalDocument
	ask("PATCH", "/acme/mobile", `{"redirect_uris":["msauth.com.acme.lanyard://auth/","http://localhost:1"]}`).is(400, problem.RedirectSlash).into(&refused)
	if len(refused.Faults) != 2 || refused.Faults[0].Right != "msauth.com.acme.lanyard://auth" || refused.Faults[1].Field != "redirect_uris[1]" || refused.Faults[1].Next == "" {
		t.Errorf("faults: %+v", refused.Faults)
	}
	refused = mobile.RefusalDocument{}
	ask("PATCH", "/acme/mobile", `{"version":0,"apple":[{"bundle_id":"com.acme.beta"}]}`).is(409, problem.MobileChanged).into(&refused)
	if refused.Stored == nil || refused.Stored.Version != 1 || refused.Wanted == nil || len(refused.Wanted.Apple) != 2 {
		t.Errorf("conflict: %+v", refused)
	}

	if ask("POST", "/acme/mobile/remove?check=true", `{"packages":["com.acme.lanyard"]}`).into(&d); len(d.Android) != 0 {
		t.Errorf("to be removed: %+v", d)
	}
	if ask("POST", "/acme/mobile/remove", `{"version":1,"bundle_ids":["com.acme.lanyard"]}`).into(&d); d.Version != 2 || len(d.Apple) != 0 || len(d.Android) != 1 {
		t.Errorf("removed: %+v", d)
	}
	ask("POST", "/acme/mobile/remove", `{"bundle_ids":["com.acme.lanyard"]}`).is(404, problem.MobileNotSet)
	for _, empty := range []string{`{}`, `{"version":2}`} {
		ask("POST", "/acme/mobile/remove", empty).is(400, problem.BadRequest)
		ask("PATCH", "/acme/mobile", empty).is(400, problem.BadRequest)
	}
	ask("PATCH", "/acme/mobile", `{"msal":["`+strings.Repeat("x", 100<<10)+`"]}`).is(413, problem.TooLarge)
	ask("PATCH", "/acme/mobile", `{"apple":"com.acme.app"}`).is(400, problem.BadRequest)
	ask("PUT", "/acme/mobile", body).is(405, problem.MethodNotAllowed)
}

func TestMobileAPI_itLetsInOnlyWhomTheProgramLetsIn(t *testing.T) {
	w := newWorld(t, "sqlite")
	ask, unset := mobileAPI(t, w, onlyAcme), mobileAPI(t, w, nil)
	body := `{"apple":[{"bundle_id":"com.acme.lanyard"}]}`
	as := func(word string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", word) }
	}
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/acme/mobile", ""}, {"PATCH", "/acme/mobile", body}, {"PATCH", "/acme/mobile?check=true", body}, {"POST", "/acme/mobile/remove", `{"all":true}`},
	} {
		ask(c.method, c.path, c.body, as("")).is(404, problem.NotFound)
		ask(c.method, c.path, c.body, as("Word bo")).is(401, problem.SessionGone)
		ask(c.method, strings.Replace(c.path, "acme", "other", 1), c.body).is(404, problem.NotFound)
		unset(c.method, c.path, c.body).is(404, problem.NotFound)
	}
	ask("PATCH", "/acme/mobile", body, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }).is(400, problem.BadRequest)
	ask("PATCH", "/acme/mobile", body, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }).is(400, problem.BadRequest)
	// The server itself leads nowhere near it, but for administrators.
	r := w.serve(w.open())
	for path, want := range map[string]int{"/workspaces/acme/mobile": 404, "/admin/api/v1/workspaces/acme/mobile": 401, "/v1/workspaces/acme/mobile": 404} {
		resp, err := http.Get(r.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
	if out, err := r.server.Mobile().Show(t.Context(), "acme"); err != nil || out.Mobile.Version != 0 {
		t.Errorf("something was stored: %+v, %v", out, err)
	}
}
