package entratest

import (
	"crypto/rand"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"
)

// device is one device code sign-in (RFC 8628).
type device struct {
	grant
	userCode string
	issued   time.Time
	// done is set by the person: approved (with grant.user) or declined.
	done     bool
	declined bool
	spent    bool
}

// deviceLife is how long a device code lives, as in Entra.
const deviceLife = 15 * time.Minute

// userCodeLetters has no vowels and nothing that looks like something else
// (RFC 8628 section 6.1).
const userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ23456789"

// serveDeviceCode begins a device code sign-in.
func (c *core) serveDeviceCode(w http.ResponseWriter, r *http.Request) {
	id := c.idsFor(r)
	d, raw, f := c.beginDevice(r)
	if f != nil {
		writeFault(w, f, id)
		return
	}
	where := c.browserURL + "/devicelogin"
	answer := map[string]any{
		"user_code": d.userCode, "device_code": raw, "verification_uri": where,
		"expires_in": int(deviceLife.Seconds()), "interval": 5,
		"message": "To sign in, use a web browser to open the page " + where + " and enter the code " + d.userCode + " to authenticate.",
	}
	stamp(w, id)
	writeJSON(w, http.StatusOK, answer)
}

func (c *core) beginDevice(r *http.Request) (*device, string, *fault) {
	form := r.PostForm
	c.mu.Lock()
	defer c.mu.Unlock()
	req, f := c.client(r, form)
	if f != nil {
		return nil, "", f
	}
	if !req.client.IsFallbackPublicClient {
		return nil, "", notPublic()
	}
	scopes, f := req.tenant.parseScopes(form.Get("scope"))
	if f != nil {
		return nil, "", f
	}
	d := &device{userCode: newUserCode(), issued: c.clock()}
	d.grant = grant{
		tenant: req.tenant.ID, client: req.client.ClientID, scopes: scopes,
		caps: clientCapabilities(form.Get("claims")),
	}
	raw := randomText(120)
	c.devices[raw] = d
	return d, raw, nil
}

func notPublic() *fault {
	return refuse(7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'. "+
		"(To sign in with a device code, the registration has to allow public client flows.)")
}

func newUserCode() string {
	var b strings.Builder
	for range 9 {
		i, err := rand.Int(rand.Reader, big.NewInt(int64(len(userCodeLetters))))
		if err != nil {
			panic(err) // no random numbers
		}
		b.WriteByte(userCodeLetters[i.Int64()])
	}
	return b.String()
}

// redeemDevice answers a poll. MSAL writes the grant type without its URN and
// polls faster than the interval; Entra puts up with both. c.mu is held.
func (c *core) redeemDevice(req tokenRequest) (*issue, *fault) {
	raw := req.form.Get("device_code")
	if raw == "" {
		raw = req.form.Get("code") // the name that older clients use
	}
	if raw == "" {
		return nil, refuse(900144, "The request body must contain the following parameter: 'device_code'.")
	}
	d := c.devices[raw]
	switch {
	case d == nil || d.tenant != req.tenant.ID || d.client != req.client.ClientID:
		return nil, refuse(70018, "Invalid verification code: there is no sign-in of that device code.")
	case !req.client.IsFallbackPublicClient:
		return nil, notPublic()
	case d.spent:
		return nil, refuse(54005, "The device code was already redeemed.")
	case d.declined:
		f := refuse(65004, "The user declined the sign-in.")
		f.OAuth = "authorization_declined"
		return nil, f
	case c.clock().Sub(d.issued) > deviceLife:
		return nil, refuse(70020, "The provided device code has expired. Ask for a new one.")
	case !d.done:
		return nil, refuse(70016, "Authorization is pending. Continue polling.")
	}
	d.spent = true
	fam := &family{grant: d.grant, born: d.authTime}
	if !slices.Contains(d.scopes.oidc, "offline_access") {
		fam = nil
	}
	return c.issue(req, d.grant, fam)
}

// deviceByUserCode finds an open sign-in by what a person typed: case, spaces
// and hyphens don't matter (RFC 8628 section 6.1). c.mu is held.
func (c *core) deviceByUserCode(typed string) (*device, *fault) {
	typed = strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(typed))
	for _, d := range c.devices {
		if d.userCode != typed || d.done {
			continue
		}
		if c.clock().Sub(d.issued) > deviceLife {
			return nil, refuse(70019, "The code has expired. Start again on your device.")
		}
		return d, nil
	}
	return nil, refuse(70018, "That code didn't work. Check it and try again.")
}
