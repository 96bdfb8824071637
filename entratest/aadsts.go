package entratest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// fault is a refusal in Entra's shape: an AADSTS number, the OAuth error that
// programs decide on, and words for a person.
type fault struct {
	Code   int
	OAuth  string
	Status int
	Sub    string // suberror
	Text   string
	Claims string // a claims challenge
}

func (f *fault) Error() string { return fmt.Sprintf("AADSTS%d: %s", f.Code, f.Text) }

// faultKinds says for each number which OAuth error and status come with it.
// See learn.microsoft.com/entra/identity-platform/reference-error-codes; the
// sentences are our own.
var faultKinds = map[int]fault{
	16000:   {OAuth: "interaction_required", Status: 400},
	28000:   {OAuth: "invalid_scope", Status: 400},
	50011:   {OAuth: "invalid_request", Status: 400},
	50034:   {OAuth: "invalid_grant", Status: 400},
	50057:   {OAuth: "invalid_grant", Status: 400},
	50058:   {OAuth: "login_required", Status: 400},
	50076:   {OAuth: "interaction_required", Status: 400, Sub: "basic_action"},
	50105:   {OAuth: "invalid_grant", Status: 400},
	50126:   {OAuth: "invalid_grant", Status: 400},
	50149:   {OAuth: "invalid_request", Status: 400},
	50173:   {OAuth: "invalid_grant", Status: 400, Sub: "bad_token"},
	50194:   {OAuth: "invalid_request", Status: 400},
	54005:   {OAuth: "invalid_grant", Status: 400},
	65001:   {OAuth: "invalid_grant", Status: 400, Sub: "consent_required"},
	65004:   {OAuth: "access_denied", Status: 400},
	65005:   {OAuth: "invalid_client", Status: 400},
	70000:   {OAuth: "invalid_grant", Status: 400, Sub: "bad_token"},
	70003:   {OAuth: "unsupported_grant_type", Status: 400},
	70008:   {OAuth: "invalid_grant", Status: 400},
	70011:   {OAuth: "invalid_scope", Status: 400},
	70016:   {OAuth: "authorization_pending", Status: 400},
	70018:   {OAuth: "bad_verification_code", Status: 400},
	70019:   {OAuth: "expired_token", Status: 400},
	70020:   {OAuth: "expired_token", Status: 400},
	90002:   {OAuth: "invalid_request", Status: 400},
	90008:   {OAuth: "invalid_request", Status: 400},
	90014:   {OAuth: "invalid_request", Status: 400},
	90023:   {OAuth: "invalid_request", Status: 400},
	90094:   {OAuth: "access_denied", Status: 400, Sub: "consent_required"},
	500011:  {OAuth: "invalid_resource", Status: 400},
	500112:  {OAuth: "invalid_grant", Status: 400},
	500341:  {OAuth: "invalid_grant", Status: 400},
	501481:  {OAuth: "invalid_grant", Status: 400},
	501491:  {OAuth: "invalid_request", Status: 400},
	700005:  {OAuth: "invalid_grant", Status: 400},
	700016:  {OAuth: "unauthorized_client", Status: 400},
	50027:   {OAuth: "invalid_client", Status: 401},
	700021:  {OAuth: "invalid_client", Status: 401},
	700023:  {OAuth: "invalid_client", Status: 401},
	700024:  {OAuth: "invalid_client", Status: 401},
	700025:  {OAuth: "invalid_client", Status: 401},
	700027:  {OAuth: "invalid_client", Status: 401},
	700054:  {OAuth: "unsupported_response_type", Status: 400},
	700082:  {OAuth: "invalid_grant", Status: 400, Sub: "token_expired"},
	900023:  {OAuth: "invalid_request", Status: 400},
	900144:  {OAuth: "invalid_request", Status: 400},
	7000112: {OAuth: "unauthorized_client", Status: 400},
	7000215: {OAuth: "invalid_client", Status: 401},
	7000218: {OAuth: "invalid_client", Status: 401},
	9002313: {OAuth: "invalid_request", Status: 400},
	9002325: {OAuth: "invalid_request", Status: 400},
	9002326: {OAuth: "invalid_request", Status: 400},
	9002327: {OAuth: "invalid_request", Status: 400},
}

// refuse makes the fault of that number.
func refuse(number int, format string, args ...any) *fault {
	f, ok := faultKinds[number]
	if !ok {
		f = fault{OAuth: "invalid_request", Status: http.StatusBadRequest}
	}
	f.Code, f.Text = number, fmt.Sprintf(format, args...)
	return &f
}

// ids identify one request in Entra's answers.
type ids struct {
	Trace, Correlation string
	At                 time.Time
}

// idsFor takes the client's correlation id from its header or parameter, when
// it is a GUID, or makes one.
func (c *core) idsFor(r *http.Request) ids {
	id := r.Header.Get("client-request-id")
	if id == "" {
		id = r.FormValue("client-request-id")
	}
	if !isGUID(id) {
		id = newGUID()
	}
	return ids{Trace: newGUID(), Correlation: id, At: c.now()}
}

const entraTime = "2006-01-02 15:04:05Z"

// describe is error_description as Entra writes it. Clients pick it apart, so
// its form is kept to the letter.
func (f *fault) describe(id ids) string {
	return fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
		f.Code, f.Text, id.Trace, id.Correlation, id.At.Format(entraTime))
}

// body is the JSON object of a refused token request.
func (f *fault) body(id ids) map[string]any {
	b := map[string]any{
		"error":             f.OAuth,
		"error_description": f.describe(id),
		"error_codes":       []int{f.Code},
		"timestamp":         id.At.Format(entraTime),
		"trace_id":          id.Trace,
		"correlation_id":    id.Correlation,
		"error_uri":         "https://login.microsoftonline.com/error?code=" + strconv.Itoa(f.Code),
	}
	if f.Sub != "" {
		b["suberror"] = f.Sub
	}
	if f.Claims != "" {
		b["claims"] = f.Claims
	}
	return b
}

// writeFault answers a machine with f.
func writeFault(w http.ResponseWriter, f *fault, id ids) {
	stamp(w, id)
	writeJSON(w, f.Status, f.body(id))
}

// stamp sets the headers that Entra sends with every answer.
func stamp(w http.ResponseWriter, id ids) {
	h := w.Header()
	h.Set("client-request-id", id.Correlation)
	h.Set("x-ms-request-id", id.Trace)
	h.Set("x-ms-ests-server", "entratest")
	h.Set("Cache-Control", "no-store, no-cache")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Strict-Transport-Security", "max-age=0") // the real one pins https; never for a throw-away
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "entratest: an answer that is not JSON: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
