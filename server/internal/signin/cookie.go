package signin

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// secret returns a new secret of 256 bits, fit for addresses and cookies.
func secret() string {
	var b [tokenBytes]byte
	rand.Read(b[:]) // crypto/rand: never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// maxPending is how many sign-ins one browser may have begun. It bounds its
// cookies; the oldest are not known, so all give way.
const maxPending = 20

// Cookies. On https their names begin with __Host-, so that a browser takes
// them from this very host only, over TLS, for every path.

// cookieName completes a name.
func (h *SAMLHandler) cookieName(name string) string {
	if h.PublicURL.Scheme == "https" {
		return "__Host-lanyard-" + name
	}
	return "lanyard-" + name
}

// sessionCookie and requestCookie name the cookie of a workspace's session, and
// that of one sign-in: two tabs may be signing in at once.
func (h *SAMLHandler) sessionCookie(workspace string) string { return h.cookieName("w-" + workspace) }

func (h *SAMLHandler) requestCookie(id string) string {
	return h.cookieName("r-" + directory.HashToken(id)[:12])
}

func (h *SAMLHandler) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	c := &http.Cookie{
		Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: h.PublicURL.Scheme == "https", MaxAge: int(life / time.Second),
	}
	if life <= 0 {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// bind gives the browser a secret for one sign-in and returns its hash.
func (h *SAMLHandler) bind(w http.ResponseWriter, r *http.Request, id string) string {
	return directory.HashToken(h.bindSecret(w, r, id))
}

// bindSecret is bind for whoever needs the secret itself.
func (h *SAMLHandler) bindSecret(w http.ResponseWriter, r *http.Request, id string) string {
	prefix := h.cookieName("r-")
	var pending []string
	for _, c := range r.Cookies() {
		if strings.HasPrefix(c.Name, prefix) {
			pending = append(pending, c.Name)
		}
	}
	if len(pending) >= maxPending {
		for _, name := range pending {
			h.setCookie(w, name, "", 0)
		}
	}
	value := secret()
	h.setCookie(w, h.requestCookie(id), value, requestLife)
	return value
}

// boundTo reports whether the browser has the secret of a sign-in, and takes it
// away.
func (h *SAMLHandler) boundTo(w http.ResponseWriter, r *http.Request, id, hash string) bool {
	value := h.boundSecret(r, id, hash)
	if _, err := r.Cookie(h.requestCookie(id)); err == nil {
		h.setCookie(w, h.requestCookie(id), "", 0)
	}
	return value != ""
}

// boundSecret returns the browser's secret of a sign-in and leaves it there, or ""
// where the browser has none or another.
func (h *SAMLHandler) boundSecret(r *http.Request, id, hash string) string {
	c, err := r.Cookie(h.requestCookie(id))
	if err != nil || subtle.ConstantTimeCompare([]byte(directory.HashToken(c.Value)), []byte(hash)) != 1 {
		return ""
	}
	return c.Value
}
