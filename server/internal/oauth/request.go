package oauth

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/lanyard-sso/lanyard/server/internal/entra"
)

const (
	maxBody   = entra.MaxToken + 4<<10
	maxClient = 128
	maxSecret = 512

	// bearerAssertion is the type of client assertion of RFC 7523 section 2.2.
	bearerAssertion = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// request is a token request, with the secret or the assertion but not both.
type request struct{ client, secret, assertion string }

// read takes a token request apart. What stands in the address's query is not
// looked at: RFC 6749 section 2.3.1 forbids secrets there, and Entra appends
// what was left of a Tenant URL.
func read(w http.ResponseWriter, r *http.Request) (request, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return request{}, invalid("The Content-Type must be application/x-www-form-urlencoded.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return request{}, &refusal{status: http.StatusRequestEntityTooLarge, Code: "invalid_request", Text: "The request is too long."}
	}
	if err != nil {
		return request{}, invalid("The request ended early.")
	}
	return parse(string(body), r.Header.Values("Authorization"))
}

// parse reads the form and the Authorization header of a token request.
func parse(body string, authorization []string) (request, error) {
	form, err := url.ParseQuery(body)
	if err != nil || !utf8.ValidString(body) {
		return request{}, invalid("The body is not a form.")
	}
	for name, values := range form {
		if len(values) > 1 { // RFC 6749 section 3.2
			return request{}, invalid("The parameter " + known(name) + " is given twice.")
		}
	}
	switch form.Get("grant_type") {
	case "client_credentials":
	case "":
		return request{}, invalid("The parameter grant_type is missing.")
	default:
		return request{}, &refusal{status: http.StatusBadRequest, Code: "unsupported_grant_type", Text: "The grant_type must be client_credentials."}
	}
	q := request{client: form.Get("client_id"), secret: form.Get("client_secret"), assertion: form.Get("client_assertion")}
	if len(authorization) > 0 {
		if q.secret != "" || q.assertion != "" || len(authorization) > 1 {
			return request{}, invalid("The client is authenticated in more than one way.")
		}
		client, secret, ok := basic(authorization[0])
		if !ok || q.client != "" && q.client != client {
			return request{}, unknown(errors.New("the Authorization header cannot be read or names another client"))
		}
		q.client, q.secret = client, secret
	}
	switch {
	case q.secret != "" && q.assertion != "":
		return request{}, invalid("The client is authenticated in more than one way.")
	case q.assertion != "" && form.Get("client_assertion_type") != bearerAssertion:
		return request{}, invalid("The client_assertion_type must be " + bearerAssertion + ".")
	case q.secret == "" && q.assertion == "", q.assertion == "" && q.client == "":
		return request{}, unknown(errors.New("no client, or nothing that proves it"))
	case len(q.client) > maxClient, len(q.secret) > maxSecret, !utf8.ValidString(q.client + q.secret):
		return request{}, unknown(errors.New("the client or its secret cannot be one of ours"))
	}
	return q, nil
}

// basic reads HTTP Basic authentication, whose parts are form-encoded first
// (RFC 6749 section 2.3.1).
func basic(header string) (client, secret string, ok bool) {
	r := http.Request{Header: http.Header{"Authorization": {header}}}
	user, password, ok := r.BasicAuth()
	if !ok {
		return "", "", false
	}
	client, err1 := url.QueryUnescape(user)
	secret, err2 := url.QueryUnescape(password)
	return client, secret, err1 == nil && err2 == nil && client != "" && secret != ""
}

// known keeps an answer from repeating whatever somebody sent.
func known(name string) string {
	switch name {
	case "grant_type", "client_id", "client_secret", "client_assertion", "client_assertion_type", "scope":
		return name
	}
	return "of some name"
}

// method keeps the record from repeating whatever somebody sent.
func method(r *http.Request) string {
	if len(r.Method) > 16 {
		return "other"
	}
	return r.Method
}
