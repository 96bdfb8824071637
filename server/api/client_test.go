package api

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
)

const secret = "lyses_this-must-stay-secret"

// serve returns a client for a server that answers with f.
func serve(t testing.TB, f http.HandlerFunc) *Client {
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return NewClient(address(t, s.URL), s.Client())
}

func address(t testing.TB, s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func answerWith(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func codeOf(err error) problem.Code {
	code, _ := problem.Of(err)
	return code
}

func TestClient_itSpeaksTheContract(t *testing.T) {
	ctx := context.Background()
	var got []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Authorization")+" "+string(body))
		if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		answerWith(200, "application/json; charset=utf-8", `{"id":"x","token":"t","future":[1]}`)(w, r)
	})
	w, err1 := c.Workspace(ctx, "a b/../c")
	d, err2 := c.Discover(ctx, "ada@acme.example")
	s, err3 := c.StartSession(ctx, SessionRequest{Workspace: "acme", AccessToken: secret})
	p, err4 := c.Me(ctx, secret)
	err5 := c.EndSession(ctx, secret, false)
	err6 := c.EndSession(ctx, secret, true)
	if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil {
		t.Fatal(err)
	}
	if w.ID != "x" || d.ID != "x" || s.Token != "t" || p.ID != "x" {
		t.Errorf("decoded %+v %+v %+v %+v", w, d, s, p)
	}
	want := []string{
		"GET /v1/workspaces/a%20b%2F..%2Fc  ",
		`POST /v1/discover  {"email":"ada@acme.example"}`,
		`POST /v1/session  {"workspace":"acme","access_token":"` + secret + `"}`,
		"GET /v1/me Bearer " + secret + " ",
		"DELETE /v1/session Bearer " + secret + " ",
		"DELETE /v1/session?all=true Bearer " + secret + " ",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("sent\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestClient_itTellsWhatWentWrong(t *testing.T) {
	const json, doc = "application/json", "application/problem+json"
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   problem.Code
	}{
		"a problem":               {answerWith(403, doc, `{"code":"LY-SES-002","status":200,"correlation_id":"abc-1"}`), problem.AccessEnded},
		"a code of the future":    {answerWith(400, doc, `{"code":"LY-NEW-999","title":"Something new."}`), "LY-NEW-999"},
		"a problem without code":  {answerWith(400, doc, `{"title":"x"}`), problem.BadServer},
		"a problem of others":     {answerWith(400, doc, `{"code":"<script>"}`), problem.BadServer},
		"a problem that is none":  {answerWith(400, doc, `nonsense`), problem.BadServer},
		"a web page":              {answerWith(200, "text/html", `<h1>Free Wi-Fi</h1>`), problem.BadServer},
		"a page for 404":          {answerWith(404, "text/html", `not here`), problem.BadServer},
		"a page for 401":          {answerWith(401, "text/html", `password?`), problem.BadServer},
		"a proxy's 502":           {answerWith(502, "text/html", `bad gateway`), problem.Offline},
		"a proxy's 503":           {answerWith(503, "text/html", `down`), problem.Offline},
		"a proxy's 429":           {answerWith(429, "text/html", `slow`), problem.TooMany},
		"JSON cut off":            {answerWith(200, json, `{"id":`), problem.BadServer},
		"JSON of other types":     {answerWith(200, json, `{"id":7}`), problem.BadServer},
		"no content":              {answerWith(204, json, ``), problem.BadServer},
		"an answer without end":   {answerWith(200, json, `"`+strings.Repeat("x", maxAnswer)), problem.BadServer},
		"a connection cut off":    {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, problem.Offline},
		"a redirect to others":    {http.RedirectHandler("https://evil.example/", http.StatusTemporaryRedirect).ServeHTTP, problem.BadServer},
		"a redirect without end":  {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/v1/me", http.StatusFound) }, problem.BadServer},
		"a redirect to elsewhere": {http.RedirectHandler("http://127.0.0.1:1/", http.StatusFound).ServeHTTP, problem.BadServer},
	} {
		t.Run("it says so for "+name, func(t *testing.T) {
			_, err := serve(t, c.answer).Me(context.Background(), secret)
			if codeOf(err) != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error holds the token: %v", err)
			}
		})
	}
}

func TestProblem_itsDetailIsPlainText(t *testing.T) {
	// U+202E turns what follows around, U+200B hides, U+2028 ends a line.
	p := Problem{Status: 403, Code: "LY-SES-002", Detail: "A\u202e\u2066da\u200b's\u2028 n\u0085ote\x00: \u00fc \U0001F600."}
	if got := problem.DetailOf(p.Err()); got != "Ada's note: \u00fc \U0001F600." {
		t.Errorf("got %q", got)
	}
}

func TestClient_itKeepsTheCorrelationIDAndTheDetail(t *testing.T) {
	c := serve(t, answerWith(409, "application/problem+json",
		`{"code":"LY-WS-002","detail":"One\u0000 more.","correlation_id":"abc-1"}`))
	_, err := c.Workspace(context.Background(), "acme")
	if CorrelationID(err) != "abc-1" || problem.DetailOf(err) != "One more." {
		t.Errorf("got %q, %q", CorrelationID(err), problem.DetailOf(err))
	}
	c = serve(t, answerWith(409, "application/problem+json", `{"code":"LY-WS-002","correlation_id":"a b\n"}`))
	if _, err := c.Workspace(context.Background(), "acme"); CorrelationID(err) != "" {
		t.Errorf("a correlation id of another form: %q", CorrelationID(err))
	}
}

// A redirect must not carry the bearer, or the Microsoft token in a body, to
// another server, whatever the standard library would do.
func TestClient_itTakesNoSecretToAnotherServer(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the other server got %s %s", r.Method, r.Header.Get("Authorization"))
	}))
	defer other.Close()
	c := serve(t, http.RedirectHandler(other.URL+"/v1/session", http.StatusPermanentRedirect).ServeHTTP)
	if _, err := c.StartSession(context.Background(), SessionRequest{AccessToken: secret}); codeOf(err) != problem.BadServer {
		t.Errorf("got %v", err)
	}
	if err := c.Events(context.Background(), secret, func(Event) error { return nil }); codeOf(err) != problem.BadServer {
		t.Errorf("events: %v", err)
	}
}

func TestClient_itIsOfflineWhereNobodyAnswers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	for _, base := range []string{"http://" + addr, "http://localhost:1"} {
		c := NewClient(address(t, base), nil)
		if _, err := c.Workspace(context.Background(), "acme"); codeOf(err) != problem.Offline {
			t.Errorf("%s: %v", base, err)
		}
	}
}

func TestClient_itDoesNotTrustAnUnknownCertificate(t *testing.T) {
	s := httptest.NewTLSServer(answerWith(200, "application/json", `{}`))
	defer s.Close()
	s.Config.ErrorLog = nil
	if _, err := NewClient(address(t, s.URL), nil).Me(context.Background(), secret); codeOf(err) != problem.BadServer {
		t.Errorf("got %v", err)
	}
	if _, err := NewClient(address(t, s.URL), s.Client()).Me(context.Background(), secret); err != nil {
		t.Errorf("with its certificate: %v", err)
	}
}

func TestClient_itSendsNothingInTheClear(t *testing.T) {
	called := false
	hc := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		called = true
		return nil, errors.New("called")
	})}
	for _, base := range []string{"http://sso.example.com", "ftp://127.0.0.1", "http://localhost.evil.example", "http://127.0.0.1.nip.example"} {
		if _, err := NewClient(address(t, base), hc).Me(context.Background(), secret); codeOf(err) != problem.Insecure || called {
			t.Errorf("%s: %v, called %v", base, err, called)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestClient_itReturnsTheCallersContextError(t *testing.T) {
	arrived := make(chan struct{})
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) { close(arrived); <-r.Context().Done() })
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-arrived; cancel() }()
	if _, err := c.Me(ctx, secret); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestEvents_itCallsForEachEventInOrder(t *testing.T) {
	c := serve(t, answerWith(200, "text/event-stream", "\ufeff: hello\n\nevent: ready\r\ndata: {\"type\":\"ready\"}\r\n\r\n"+
		": ping\n\nid: 7\nretry: 1\nevent: person.updated\ndata: {\"at\":\ndata: \"2026-01-02T03:04:05Z\"}\n\nevent: nothing\n\n"+
		"data:{\"type\":\"access.ended\",\"problem\":{\"code\":\"LY-SES-002\"}}\n\n"))
	var got []string
	err := c.Events(context.Background(), secret, func(e Event) error {
		s := string(e.Type) + " " + e.At.UTC().Format(time.TimeOnly)
		if e.Problem != nil {
			s += " " + e.Problem.Code
		}
		got = append(got, s)
		return nil
	})
	want := "ready 00:00:00\nperson.updated 03:04:05\naccess.ended 00:00:00 LY-SES-002"
	if err != nil || strings.Join(got, "\n") != want {
		t.Errorf("got %v\n%s", err, strings.Join(got, "\n"))
	}
}

func TestEvents_itTellsHowAStreamEnded(t *testing.T) {
	stop := errors.New("stop")
	for name, c := range map[string]struct {
		body string
		want problem.Code
	}{
		"properly":               {"event: ready\ndata: {}\n\n", ""},
		"within an event":        {"event: ready\ndata: {}\n", problem.Offline},
		"within a line":          {"event: rea", problem.Offline},
		"with nonsense":          {"data: nonsense\n\n", problem.BadServer},
		"with an endless line":   {"data: " + strings.Repeat("x", 2*maxEvent) + "\n\n", problem.BadServer},
		"with an endless event":  {strings.Repeat("data: xxxxxxxxxx\n", maxEvent/10) + "\n", problem.BadServer},
		"after many fine events": {strings.Repeat("event: ready\ndata: {}\n\n: ping\n\n", 10_000), ""},
	} {
		t.Run("it tells when it ended "+name, func(t *testing.T) {
			err := serve(t, answerWith(200, "text/event-stream", c.body)).
				Events(context.Background(), secret, func(Event) error { return nil })
			if codeOf(err) != c.want {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("it returns the error of the function", func(t *testing.T) {
		err := serve(t, answerWith(200, "text/event-stream", "event: ready\ndata: {}\n\n")).
			Events(context.Background(), secret, func(Event) error { return stop })
		if !errors.Is(err, stop) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("it refuses a page", func(t *testing.T) {
		err := serve(t, answerWith(200, "text/html", "hello")).Events(context.Background(), secret, nil)
		if codeOf(err) != problem.BadServer {
			t.Errorf("got %v", err)
		}
	})
	t.Run("it tells that the session is gone", func(t *testing.T) {
		err := serve(t, answerWith(401, "application/problem+json", `{"code":"LY-SES-001"}`)).Events(context.Background(), secret, nil)
		if codeOf(err) != problem.SessionGone {
			t.Errorf("got %v", err)
		}
	})
}

func TestEvents_itGivesUpOnSilenceButNotOnPings(t *testing.T) {
	quiet := make(chan struct{})
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		rc := http.NewResponseController(w)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for range 20 { // twice as long as a silence may be
			_, _ = io.WriteString(w, ": ping\n\n")
			_ = rc.Flush()
			<-tick.C
		}
		_, _ = io.WriteString(w, "event: ready\ndata: {}\n\n")
		_ = rc.Flush()
		close(quiet)
		<-r.Context().Done()
	})
	c.idle = 200 * time.Millisecond
	ready := 0
	err := c.Events(context.Background(), secret, func(Event) error { ready++; return nil })
	<-quiet
	if codeOf(err) != problem.Offline || !errors.Is(err, errSilent) || ready != 1 {
		t.Errorf("got %v after %d events", err, ready)
	}
}

func TestEvents_itGivesUpOnAServerThatNeverAnswers(t *testing.T) {
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c.idle = 50 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel) // before the server closes, which waits for the handler
	done := make(chan error, 1)
	go func() { done <- c.Events(ctx, secret, func(Event) error { return nil }) }()
	select {
	case err := <-done:
		if codeOf(err) != problem.Offline {
			t.Errorf("got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it still waits")
	}
}

func TestEvents_itEndsWithTheContext(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "event: ready\ndata: {}\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(context.Background())
	err := c.Events(ctx, secret, func(Event) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestLoopback_itKnowsOnlyThisMachine(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "::ffff:127.0.0.1": true,
		"": false, "10.0.0.1": false, "localhost.example": false, "127.0.0.1.example": false, "0.0.0.0": false, "127.1": false,
	} {
		if Loopback(host) != want {
			t.Errorf("%q: %v", host, !want)
		}
	}
}
