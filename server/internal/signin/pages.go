package signin

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
)

//go:embed page
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "page/layout.html"))

// The pages, each with all that it shows.
type (
	failPage struct {
		Title, Sentence, Detail, Next, Code, AADSTS, CorrelationID, Who, Again string
		Checks                                                                 []TestCheck
	}
	postPage struct {
		Action string
		Fields []saml.Field
	}
	appPage struct {
		To     string
		Failed bool
	}
	// askPage asks whether it was the person who began; To is where to go on.
	askPage    struct{ Name, To string }
	choosePage struct{}
	homePage   struct {
		Workspace, Name string
		Person          api.Person
		Expires         string
		UserAccessURL   string
	}
	signOutPage struct {
		Workspace, Name string
		Partly          bool
	}
	testPage struct {
		Workspace, Name string
		Result          TestResult
	}
)

// Link is the address of an app, whose scheme html/template does not know. It
// was checked against those that are registered.
func (p appPage) Link() template.URL { return template.URL(p.To) }

// policy is the Content-Security-Policy of our pages: our stylesheet and our one
// script. Browsers apply form-action to redirects that follow a form, and an
// identity provider may send people on to another, so it names no host.
func (h *SAMLHandler) policy() string {
	forms := "https:"
	if h.PublicURL.Scheme == "http" {
		forms += " http:"
	}
	return "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'self' " + forms + "; frame-ancestors 'none'"
}

// show writes a page.
func (h *SAMLHandler) show(w http.ResponseWriter, status int, name string, data any) error {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, data); err != nil {
		return fmt.Errorf("the page %s: %w", name, err)
	}
	header := w.Header()
	header.Set("Content-Security-Policy", h.policy())
	header.Set("X-Frame-Options", "DENY")
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(page.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // the reader may have gone; there is nobody left to tell
	return nil
}

// script is the one script of the pages.
func (h *SAMLHandler) script(w http.ResponseWriter, _ *http.Request) error {
	js, err := pageFiles.ReadFile("page/signin.js")
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	_, _ = w.Write(js) // the reader may have gone; there is nobody left to tell
	return nil
}

// fail shows a failure in plain words: a page, or a problem document to whoever
// asks for JSON. Nothing of what came from outside is on it that no signature
// covered: see saml.Refusal.
func (h *SAMLHandler) fail(w http.ResponseWriter, r *http.Request, err error) {
	if strings.Contains(r.Header.Get("Accept"), "json") {
		api.Fail(w, r, err)
		return
	}
	trace := api.TraceOf(r.Context())
	trace.Err = err
	code, text := problem.Of(err)
	p := failPage{
		Title: "You are not signed in", Sentence: text.Sentence, Detail: problem.DetailOf(err), Next: text.Next,
		Code: string(code), CorrelationID: trace.CorrelationID, Who: string(text.Who),
		Checks: checksOf(saml.ReportOf(err)),
	}
	var refusal *saml.Refusal
	if errors.As(err, &refusal) {
		p.AADSTS = refusal.Status.AADSTS
	}
	if text.Status < 500 && code != problem.UnknownWorkspace && code != problem.SAMLNotSet && r.PathValue("ws") != "" && trace.Workspace != "" {
		p.Again = "/w/" + trace.Workspace + "/saml/login"
	}
	switch text.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "10")
	}
	if serr := h.show(w, text.Status, "fail", p); serr != nil {
		api.Fail(w, r, errors.Join(err, serr))
	}
}

func (h *SAMLHandler) log() *slog.Logger {
	if h.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return h.Log
}
