package admin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/boombuler/barcode/qr"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// What every authenticator app does without being asked (RFC 6238, and the
// addresses that Google Authenticator reads).
const (
	totpPeriod = 30 // seconds
	totpDigits = otp.DigitsSix
	// totpSkew is by how many steps the clocks may differ.
	totpSkew = 1
)

// newTOTP makes a secret of 160 bits (RFC 4226, section 4).
func newTOTP() string {
	b := make([]byte, 20)
	_, _ = rand.Read(b) // never fails
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b)
}

// stepOf returns the time step whose code was typed, or false.
func stepOf(secret, typed string, now time.Time) (int64, bool) {
	typed = strings.ReplaceAll(strings.TrimSpace(typed), " ", "")
	if len(typed) != totpDigits.Length() {
		return 0, false
	}
	found, ok := int64(0), false
	for skew := int64(-totpSkew); skew <= totpSkew; skew++ {
		step := now.Unix()/totpPeriod + skew
		code, err := hotp.GenerateCodeCustom(secret, uint64(step), hotp.ValidateOpts{Digits: totpDigits, Algorithm: otp.AlgorithmSHA1})
		if err == nil && subtle.ConstantTimeCompare([]byte(code), []byte(typed)) == 1 {
			found, ok = step, true
		}
	}
	return found, ok
}

// Pending is an authenticator app that is being set up.
type Pending struct {
	// Secret is what may be typed into the app, in groups of four.
	Secret string
	// Link is what the picture says: otpauth://….
	Link string
	// Picture is the QR code as the path of an SVG of Size by Size.
	Picture string
	Size    int
}

// BeginTOTP returns the secret that a session sets up: the same until it is done.
func (a *Admin) BeginTOTP(ctx context.Context, who directory.Administrator, session directory.AdminSession) (Pending, error) {
	box, err := a.box("totp")
	if err != nil {
		return Pending{}, err
	}
	sealed := session.Pending
	if sealed == "" {
		if sealed, err = box.Seal(newTOTP(), who.ID); err != nil {
			return Pending{}, err
		}
		if sealed, err = a.cfg.Store.HoldPending(store.WithoutAudit(ctx), session.Hash, sealed); err != nil {
			return Pending{}, err
		}
	}
	var secret string
	if err := box.Open(sealed, who.ID, &secret); err != nil {
		return Pending{}, err
	}
	return a.pending(who, secret)
}

func (a *Admin) pending(who directory.Administrator, secret string) (Pending, error) {
	issuer := "Lanyard " + a.cfg.URL.Hostname()
	p := Pending{Link: "otpauth://totp/" + url.PathEscape(issuer+":"+who.Email) + "?" + url.Values{
		"secret": {secret}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"},
	}.Encode()}
	p.Link = strings.ReplaceAll(p.Link, "+", "%20")
	for i := 0; i < len(secret); i += 4 {
		p.Secret += secret[i:min(i+4, len(secret))] + " "
	}
	p.Secret = strings.TrimSpace(p.Secret)
	var err error
	p.Picture, p.Size, err = Picture(p.Link)
	return p, err
}

// Picture is a text as a QR code: the path of an SVG of size by size, with the
// margin that readers ask for.
func Picture(text string) (path string, size int, err error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", 0, fmt.Errorf("admin: drawing a QR code: %w", err)
	}
	const margin = 4
	side := code.Bounds().Dx()
	var b strings.Builder
	for y := range side {
		for x := range side {
			if r, _, _, _ := code.At(x, y).RGBA(); r == 0 {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x+margin, y+margin)
			}
		}
	}
	return b.String(), side + 2*margin, nil
}

// openPending returns the secret that a session sets up, sealed, once a code of it
// was typed, and the step of that code.
func (a *Admin) openPending(who directory.Administrator, session directory.AdminSession, code string) (sealed string, step int64, err error) {
	box, err := a.box("totp")
	if err != nil {
		return "", 0, err
	}
	var secret string
	if session.Pending == "" {
		return "", 0, problem.New(problem.AdminCode)
	}
	if err := box.Open(session.Pending, who.ID, &secret); err != nil {
		return "", 0, err
	}
	step, ok := stepOf(secret, code, a.now())
	if !ok {
		return "", 0, problem.New(problem.AdminCode)
	}
	return session.Pending, step, nil
}

var (
	errSpent   = errors.New("the code was used before")
	errChanged = errors.New("the password was changed meanwhile")
)

// verifyCode takes a code of an authenticator app or a recovery code, each once,
// and does with it what change holds. The error is problem.AdminWrong. What is no
// code of theirs costs no transaction: how long that takes would say that the
// password beside it was right.
func (a *Admin) verifyCode(ctx context.Context, who directory.Administrator, typed string, change store.AdminChange) (how string, changed directory.Administrator, err error) {
	now := a.now()
	change.Now = now
	var spend func(*directory.Administrator) error
	if hash := recoveryHash(who.ID, typed); hash != "" {
		if !slices.Contains(who.Recovery, hash) {
			return "", who, problem.Wrap(problem.AdminWrong, errors.New("a wrong recovery code"))
		}
		how, spend = directory.ByRecovery, func(x *directory.Administrator) error {
			i := slices.Index(x.Recovery, hash)
			if i < 0 {
				return errSpent
			}
			x.Recovery = slices.Delete(x.Recovery, i, i+1)
			return nil
		}
	} else {
		step, ok, err := a.step(who, typed)
		if err != nil {
			return "", who, err
		}
		if !ok || step <= who.TOTP.Step {
			return "", who, problem.Wrap(problem.AdminWrong, errors.New("a wrong code, or one that was used"))
		}
		how, spend = directory.ByTOTP, func(x *directory.Administrator) error {
			if x.TOTP == nil || x.TOTP.Sealed != who.TOTP.Sealed || step <= x.TOTP.Step {
				return errSpent
			}
			x.TOTP.Step = step
			x.Proven, x.ProvenBy = now, directory.ByTOTP
			return nil
		}
	}
	changed, err = a.cfg.Store.ChangeAdmin(ctx, who.ID, change, func(x *directory.Administrator, _ others) error {
		if x.Password != who.Password { // which was looked at, or stands beside it
			return errChanged
		}
		x.Seen = now
		return spend(x)
	})
	if errors.Is(err, errSpent) || errors.Is(err, errChanged) || errors.Is(err, store.ErrNotFound) {
		err = problem.Wrap(problem.AdminWrong, err)
	}
	return how, changed, err
}

// step is the time step of a code of somebody's app.
func (a *Admin) step(who directory.Administrator, typed string) (int64, bool, error) {
	if who.TOTP == nil {
		return 0, false, nil
	}
	box, err := a.box("totp")
	if err != nil {
		return 0, false, err
	}
	var secret string
	if err := box.Open(who.TOTP.Sealed, who.ID, &secret); err != nil {
		return 0, false, err
	}
	step, ok := stepOf(secret, typed, a.now())
	return step, ok, nil
}
