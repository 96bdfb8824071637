package provision

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// mediaType is the type of every answer; Microsoft's validator stops at another.
const mediaType = "application/scim+json"

// writer remembers the status for the log.
type writer struct {
	http.ResponseWriter
	status int
}

func (w *writer) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController find what is wrapped.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// jsonOf is v in JSON as this package sends it.
func jsonOf(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}

// inJSON is an answer with v.
func inJSON(v any) (*reply, error) {
	body, err := jsonOf(v)
	return &reply{status: http.StatusOK, body: body}, err
}

// frame sets the headers of every body.
func frame(h http.Header) {
	h.Set("Content-Type", mediaType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}

func writeBytes(w http.ResponseWriter, status int, body []byte) {
	frame(w.Header())
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // who has hung up needs no answer
}

// writeError sends err as a SCIM error. Causes stay here.
func writeError(w http.ResponseWriter, r *http.Request, err error) {
	e := scimError(err)
	switch e.Status {
	case http.StatusUnauthorized:
		// The same for every reason, and no more than RFC 6750 section 3 asks.
		w.Header().Set("WWW-Authenticate", `Bearer realm="SCIM"`)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "30")
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter(err)))
	case http.StatusRequestEntityTooLarge:
		w.Header().Set("Connection", "close") // the rest of the body is not read
	}
	body, err := jsonOf(e)
	if err != nil {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	writeBytes(w, e.Status, body)
}

// scimError is what the outside is told about err.
func scimError(err error) *scim.Error {
	var e *scim.Error
	var p *problem.Error
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &e):
		return e
	case errors.As(err, &p):
		text := problem.Lookup(p.Code)
		return &scim.Error{Status: text.Status, Detail: text.Sentence + " " + text.Next + " (" + string(p.Code) + ")"}
	case errors.As(err, &big):
		errors.As(scim.TooLarge(), &e)
		return e
	case errors.Is(err, store.ErrInvalid):
		return &scim.Error{Status: http.StatusBadRequest, Kind: scim.InvalidValue, Detail: "A value cannot be stored. In Entra, check the attribute mappings for unusual characters."}
	}
	text := problem.Lookup(problem.Internal)
	return &scim.Error{Status: http.StatusInternalServerError, Detail: text.Sentence + " Entra tries again by itself. (" + string(problem.Internal) + ")"}
}

// readBody returns the body of a request that has one.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if raw := r.Header.Get("Content-Type"); raw != "" {
		kind, options, err := mime.ParseMediaType(raw)
		if err != nil || kind != mediaType && kind != "application/json" {
			return nil, &scim.Error{Status: http.StatusUnsupportedMediaType, Kind: scim.InvalidSyntax, Detail: "The Content-Type must be " + mediaType + " or application/json."}
		}
		// JSON that is sent is UTF-8 (RFC 8259 section 8.1). Read as something
		// else, it would store names that nobody has.
		if charset := options["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "us-ascii") {
			return nil, &scim.Error{Status: http.StatusUnsupportedMediaType, Kind: scim.InvalidSyntax, Detail: fmt.Sprintf("The body must be UTF-8, but the Content-Type says %.32q.", charset)}
		}
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return nil, &scim.Error{Status: http.StatusUnsupportedMediaType, Kind: scim.InvalidSyntax, Detail: "The body must not be compressed."}
	}
	return io.ReadAll(http.MaxBytesReader(w, r.Body, scim.MaxBody))
}

// log writes one line for a request that changed something or was refused. It
// never holds a token or a body.
func (h *Handler) log(r *http.Request, c *call, status int, err error) {
	changes := r.Method != http.MethodGet && r.Method != http.MethodHead
	if err == nil && !changes {
		return
	}
	attrs := []any{"method", shortMethod(r.Method), "status", status}
	if c != nil {
		attrs = append(attrs, "workspace", c.ws.ID, "token", c.token, "resource", shortID(c.id))
	}
	switch {
	case err == nil:
		h.cfg.Log.InfoContext(r.Context(), "scim request", attrs...)
	case status >= 500 && status != http.StatusNotImplemented:
		h.cfg.Log.ErrorContext(r.Context(), "scim request failed", append(attrs, "error", err)...)
	default:
		h.cfg.Log.WarnContext(r.Context(), "scim request refused", append(attrs, "error", err)...)
	}
}

// shortID keeps a made-up id from filling the log.
func shortID(id string) string {
	if len(id) > 64 {
		return id[:64] + "…"
	}
	return id
}
