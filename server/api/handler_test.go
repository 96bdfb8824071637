package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/problem"
)

func TestFunc_itWritesTheProblemAndKeepsTheCause(t *testing.T) {
	cause := fmt.Errorf("who: %w", errors.New("the inner cause"))
	trace := &Trace{CorrelationID: "abc"}
	r := httptest.NewRequest("GET", "/", nil)
	r = r.WithContext(WithTrace(r.Context(), trace))
	w := httptest.NewRecorder()
	Func(func(http.ResponseWriter, *http.Request) error {
		return &problem.Error{Code: problem.AccessEnded, Detail: "More.", Cause: cause}
	}).ServeHTTP(w, r)
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	text := problem.Lookup(problem.AccessEnded)
	want := Problem{
		Type: "about:blank", Title: text.Sentence, Status: 403, Detail: "More.",
		Code: string(problem.AccessEnded), Next: text.Next, Who: string(text.Who), CorrelationID: "abc",
	}
	if w.Code != 403 || p != want || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s %+v", w.Code, w.Header(), p)
	}
	if strings.Contains(w.Body.String(), "inner") || !errors.Is(trace.Err, cause) {
		t.Errorf("outside %s, inside %v", w.Body, trace.Err)
	}
}

func TestFail_itSendsTheHeadersThatAStatusNeeds(t *testing.T) {
	for code, header := range map[problem.Code]string{
		problem.SessionGone: "WWW-Authenticate", problem.TooMany: "Retry-After", problem.NoEntra: "Retry-After",
	} {
		w := httptest.NewRecorder()
		Fail(w, httptest.NewRequest("GET", "/", nil), problem.New(code))
		if w.Header().Get(header) == "" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", code, w.Header())
		}
	}
}

// Every code must survive the way out of the server and into the client.
func TestProblem_itCarriesEveryCodeAcross(t *testing.T) {
	for _, code := range problem.Codes() {
		body, err := json.Marshal(NewProblem(problem.New(code), "id-1"))
		if err != nil {
			t.Fatal(err)
		}
		got := DecodeProblem(body, problem.Lookup(code).Status)
		if codeOf(got) != code || CorrelationID(got) != "id-1" {
			t.Errorf("%s came back as %v", code, got)
		}
	}
	if codeOf(DecodeProblem([]byte(`{"code":"LY-INT-001"}`), 500)) != problem.Internal {
		t.Error("the internal code is lost")
	}
}

func TestRead_itTakesOneJSONObject(t *testing.T) {
	for name, c := range map[string]struct {
		contentType, body string
		want              problem.Code
	}{
		"fine":                 {"application/json", `{"email":"a@b","new":1}`, ""},
		"with a charset":       {"application/json; charset=utf-8", ` {"email":"a@b"} `, ""},
		"a form":               {"application/x-www-form-urlencoded", `email=a`, problem.BadRequest},
		"text, as a page may":  {"text/plain", `{"email":"a@b"}`, problem.BadRequest},
		"no type":              {"", `{"email":"a@b"}`, problem.BadRequest},
		"nothing":              {"application/json", ``, problem.BadRequest},
		"cut off":              {"application/json", `{"email":`, problem.BadRequest},
		"an array":             {"application/json", `[]`, problem.BadRequest},
		"a number":             {"application/json", `{"email":7}`, problem.BadRequest},
		"two objects":          {"application/json", `{"email":"a@b"}{}`, problem.BadRequest},
		"too much":             {"application/json", `{"email":"` + strings.Repeat("a", MaxBody) + `"}`, problem.TooLarge},
		"too much space after": {"application/json", `{"email":"a@b"}` + strings.Repeat(" ", MaxBody), problem.TooLarge},
	} {
		t.Run("it reads or refuses "+name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/", strings.NewReader(c.body))
			r.Header.Set("Content-Type", c.contentType)
			var d DiscoverRequest
			err := Read(httptest.NewRecorder(), r, &d)
			if codeOf(err) != c.want || (err == nil && d.Email != "a@b") {
				t.Errorf("got %v, %+v", err, d)
			}
			if err != nil && strings.Contains(err.Error(), "aaaa") {
				t.Errorf("the error repeats the body: %.100s", err)
			}
		})
	}
}

func TestBearer_itTakesExactlyOne(t *testing.T) {
	for name, c := range map[string]struct {
		headers []string
		want    string
	}{
		"one":              {[]string{"Bearer abc"}, "abc"},
		"small letters":    {[]string{"bearer  abc "}, "abc"},
		"none":             {nil, ""},
		"two":              {[]string{"Bearer a", "Bearer b"}, ""},
		"basic":            {[]string{"Basic abc"}, ""},
		"without a token":  {[]string{"Bearer "}, ""},
		"a very long one":  {[]string{"Bearer " + strings.Repeat("x", 513)}, ""},
		"without a scheme": {[]string{"abc"}, ""},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Authorization"] = c.headers
		got, err := Bearer(r)
		if got != c.want || (c.want == "") != (codeOf(err) == problem.SessionGone) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func FuzzProblem(f *testing.F) {
	f.Add([]byte(`{"code":"LY-SES-001","detail":"x","correlation_id":"y"}`), 401)
	f.Add([]byte(`{"code":"","status":"x"}`), 0)
	f.Add([]byte(`null`), 500)
	f.Fuzz(func(t *testing.T, b []byte, status int) {
		err := DecodeProblem(b, status)
		if err == nil || codeOf(err) == "" || !codeShape.MatchString(string(codeOf(err))) {
			t.Errorf("%q became %v", b, err)
		}
		if strings.ContainsAny(problem.DetailOf(err)+CorrelationID(err), "\n\r\x00") {
			t.Errorf("%q lets control characters through", b)
		}
	})
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte("event: ready\ndata: {}\n\n"))
	f.Add([]byte(": ping\n\n: ping\n\ndata: {\"type\":\"x\"}\r\n\r\n"))
	f.Add([]byte("data\ndata:\n\n\n\nevent"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bufio.NewReader(bytes.NewReader(b))
		for n := 0; ; n++ {
			_, err := readEvent(r)
			if err != nil {
				if errors.Is(err, io.EOF) && r.Buffered() > 0 {
					t.Error("stopped before the end")
				}
				return
			}
			if n > len(b) {
				t.Fatal("more events than bytes")
			}
		}
	})
}
