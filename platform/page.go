package platform

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strconv"
)

// page is what the person sees in the browser tab that came back to us.
type page struct {
	// Mark is "done", "stopped" or "stray": which sign is drawn.
	Mark         string
	Title, Words string
}

// The pages. The app itself says what went wrong, and what to do; these only
// send the person back to it.
var (
	pageDone      = page{"done", "You can close this window", "Your organisation has confirmed who you are. Go back to Lanyard: it finishes the sign-in."}
	pageCancelled = page{"stopped", "Sign-in cancelled", "You can close this window and go back to Lanyard."}
	pageFailed    = page{"stopped", "You were not signed in", "You can close this window. Lanyard tells you why, and what to do next."}
	pageUsed      = page{"stray", "This sign-in is already over", "You can close this window and go back to Lanyard."}
	pageStray     = page{"stray", "Nothing to see here", "Lanyard is waiting for a sign-in to come back to this address. Go back to the window where you were signing in."}
)

// The page stands alone: no other file, no script but one that takes the
// address, which may hold a code, out of the tab and its history.
var (
	//go:embed page.html
	pageSource string
	//go:embed page.css
	pageStyle string

	pageTemplate = template.Must(template.New("page").Parse(pageSource))
	pagePolicy   = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; img-src data:; " +
		"style-src '" + sourceHash(pageStyle) + "'; script-src '" + sourceHash(pageScript) + "'"
)

const pageScript = `history.replaceState(null,"","/")`

// sourceHash is a hash source of a content security policy (CSP level 3).
func sourceHash(source string) string {
	sum := sha256.Sum256([]byte(source))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// writePage answers with p, whole, and has the browser close the connection.
func writePage(w http.ResponseWriter, status int, p page) {
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, struct {
		page
		Style  template.CSS
		Script template.JS
	}{p, template.CSS(pageStyle), template.JS(pageScript)})
	if err != nil {
		http.Error(w, p.Title, http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Connection", "close")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}
