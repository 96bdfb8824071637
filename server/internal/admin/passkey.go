package admin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/seal"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// What a challenge was made for. It is good for nothing else.
const (
	purposeSignIn   = "sign-in"
	purposeStepUp   = "step-up/"
	purposeRegister = "register/"

	challengeFor = 5 * time.Minute
	maxPasskeys  = 20
	maxAnswer    = 64 << 10
)

// ticketSeen is the challenge of an answer that was taken.
const ticketSeen = "seen"

// relyingParty is this console in the words of W3C Web Authentication.
func (a *Admin) relyingParty() (*webauthn.WebAuthn, error) {
	if err := a.passkeysWork(); err != nil {
		return nil, err
	}
	w, err := webauthn.New(&webauthn.Config{
		RPID: a.cfg.URL.Hostname(), RPDisplayName: "Lanyard", RPOrigins: []string{a.origin()},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired,
		},
		// Some password managers say more than they were asked.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil, fmt.Errorf("admin: passkeys: %w", err)
	}
	return w, nil
}

// passkeysWork says why there are no passkeys for this console: its address is a
// number (Web Authentication, section 5.1.2: an effective domain), or the server has
// no key.
func (a *Admin) passkeysWork() error {
	if _, err := netip.ParseAddr(a.cfg.URL.Hostname()); err == nil {
		return problem.New(problem.AdminNoPasskeys)
	}
	if len(a.cfg.Key) < seal.MinKey { // nothing could be sealed
		return problem.New(problem.WrongServerKey)
	}
	return nil
}

// owner is an administrator as the library knows them. Their handle is their id,
// which is random.
type owner struct {
	directory.Administrator
	credentials []webauthn.Credential
}

func ownerOf(who directory.Administrator) (owner, error) {
	o := owner{Administrator: who}
	for _, k := range who.Passkeys {
		var c webauthn.Credential
		if err := json.Unmarshal(k.Doc, &c); err != nil {
			return owner{}, fmt.Errorf("admin: passkey %s: %w", k.ID, err)
		}
		o.credentials = append(o.credentials, c)
	}
	return o, nil
}

func (o owner) WebAuthnID() []byte                         { return []byte(o.ID) }
func (o owner) WebAuthnName() string                       { return o.Email }
func (o owner) WebAuthnDisplayName() string                { return o.Name }
func (o owner) WebAuthnCredentials() []webauthn.Credential { return o.credentials }

// challenge is what a challenge says of itself, sealed: nothing is stored for
// somebody who only looks at the sign-in page.
type challenge struct {
	Purpose string    `json:"p"`
	Expires time.Time `json:"e"`
}

func (a *Admin) newChallenge(purpose string) (protocol.URLEncodedBase64, error) {
	box, err := a.box("challenge")
	if err != nil {
		return nil, err
	}
	sealed, err := box.Seal(challenge{purpose, a.now().Add(challengeFor)}, "challenge")
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(sealed)
}

// openChallenge checks that an answer is to a challenge of ours, for this purpose,
// and in time. Whether it was answered before is for taking it to say.
func (a *Admin) openChallenge(answered, purpose string) error {
	box, err := a.box("challenge")
	if err != nil {
		return err
	}
	raw, err := base64.RawURLEncoding.DecodeString(answered)
	var c challenge
	if err != nil || box.Open(base64.StdEncoding.EncodeToString(raw), "challenge", &c) != nil {
		return errors.New("the challenge is not ours")
	}
	switch {
	case c.Purpose != purpose:
		return errors.New("the challenge was made for something else")
	case !a.now().Before(c.Expires):
		return errors.New("the challenge is too old")
	}
	return nil
}

// passkeyOptions are the options for navigator.credentials.get, as JSON. Without
// an administrator any of their passkeys will do.
func (a *Admin) passkeyOptions(who *directory.Administrator, purpose string) (string, error) {
	w, err := a.relyingParty()
	if err != nil {
		return "", err
	}
	c, err := a.newChallenge(purpose)
	if err != nil {
		return "", err
	}
	opts := []webauthn.LoginOption{webauthn.WithChallenge(c), webauthn.WithUserVerification(protocol.VerificationRequired)}
	var assertion *protocol.CredentialAssertion
	if who == nil {
		assertion, _, err = w.BeginDiscoverableLogin(opts...)
	} else {
		var o owner
		if o, err = ownerOf(*who); err != nil {
			return "", err
		}
		assertion, _, err = w.BeginLogin(o, opts...)
	}
	if err != nil {
		return "", fmt.Errorf("admin: asking for a passkey: %w", err)
	}
	return asJSON(assertion)
}

func asJSON(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("admin: encoding: %w", err)
	}
	return string(text), nil
}

// SignInOptions are the options for a sign-in with a passkey, as JSON for
// navigator.credentials.get; "" where this console has none.
func (a *Admin) SignInOptions() (string, error) {
	if a.passkeysWork() != nil {
		return "", nil
	}
	return a.passkeyOptions(nil, purposeSignIn)
}

// verifyPasskey checks the answer of navigator.credentials.get (Web
// Authentication, section 7.2): that it is to a challenge of ours that was not
// answered before, of this origin, with user verification, and by a passkey whose
// counter moves on. Where who is not nil it must be theirs. What change holds is
// done with it, and a session that it starts is theirs.
func (a *Admin) verifyPasskey(ctx context.Context, answer []byte, purpose string, who *directory.Administrator, change store.AdminChange) (directory.Administrator, error) {
	refused := func(why error) (directory.Administrator, error) {
		a.cfg.Log.WarnContext(ctx, "a passkey was not accepted", "why", why)
		return directory.Administrator{}, problem.Wrap(problem.AdminPasskey, why)
	}
	w, err := a.relyingParty()
	if err != nil {
		return directory.Administrator{}, err
	}
	if len(answer) > maxAnswer {
		return refused(errors.New("the answer is too long"))
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return refused(err)
	}
	given := parsed.Response.CollectedClientData.Challenge
	if err := a.openChallenge(given, purpose); err != nil {
		return refused(err)
	}
	var found directory.Administrator
	var broken error
	whose := func(_, handle []byte) (webauthn.User, error) {
		id := string(handle)
		if len(handle) == 0 && who != nil { // a key that was named need not say whose it is
			id = who.ID
		}
		if who != nil && id != who.ID {
			return nil, errors.New("it is somebody else's passkey")
		}
		var err error
		if found, err = a.cfg.Store.Admin(ctx, id); err != nil {
			if !errors.Is(err, store.ErrNotFound) {
				broken = err
			}
			return nil, err
		}
		return ownerOf(found)
	}
	session := webauthn.SessionData{
		Challenge: given, RelyingPartyID: w.Config.RPID, UserVerification: protocol.VerificationRequired,
	}
	if who != nil && len(parsed.Response.UserHandle) == 0 {
		parsed.Response.UserHandle = []byte(who.ID)
	}
	used, err := w.ValidateDiscoverableLogin(whose, session, parsed)
	switch {
	case broken != nil:
		return directory.Administrator{}, broken
	case err != nil:
		return refused(err)
	case used.Authenticator.CloneWarning:
		return refused(errors.New("its counter went back: there may be two of it"))
	}
	now := a.now()
	change.Now = now
	if change.Start != nil {
		change.Start.Admin = found.ID
	}
	change.Put = append(change.Put, store.AdminTicket{
		Kind: ticketSeen, Hash: directory.HashToken(given), Doc: []byte("{}"), Created: now, Expires: now.Add(challengeFor),
	})
	changed, err := a.cfg.Store.ChangeAdmin(ctx, found.ID, change, func(x *directory.Administrator, _ others) error {
		return countOn(x, used, now)
	})
	switch {
	case errors.Is(err, store.ErrExists):
		return refused(errors.New("the challenge was answered before"))
	case errors.Is(err, errStale), errors.Is(err, store.ErrNotFound):
		return refused(err)
	}
	return changed, err
}

type others = func() ([]directory.Administrator, error)

var errStale = errors.New("the passkey was removed or used meanwhile")

// countOn stores the counter of a passkey that was used, unless another use was
// quicker.
func countOn(x *directory.Administrator, used *webauthn.Credential, now time.Time) error {
	id := base64.RawURLEncoding.EncodeToString(used.ID)
	i := slices.IndexFunc(x.Passkeys, func(k directory.AdminPasskey) bool { return k.ID == id })
	if i < 0 {
		return errStale
	}
	var stored webauthn.Credential
	if err := json.Unmarshal(x.Passkeys[i].Doc, &stored); err != nil {
		return fmt.Errorf("admin: passkey %s: %w", id, err)
	}
	if n := used.Authenticator.SignCount; n != 0 && n <= stored.Authenticator.SignCount {
		return errStale
	}
	doc, err := json.Marshal(used)
	if err != nil {
		return fmt.Errorf("admin: passkey %s: %w", id, err)
	}
	x.Passkeys[i].Doc, x.Passkeys[i].Used = doc, now
	x.Proven, x.ProvenBy, x.Seen = now, directory.ByPasskey, now
	return nil
}

// SignInPasskey signs in whoever answered [Admin.SignInOptions].
func (a *Admin) SignInPasskey(ctx context.Context, answer string, v Visitor) (Signed, error) {
	if err := a.knock(v, ""); err != nil {
		return Signed{}, err
	}
	token, n := a.session("", directory.ByPasskey, v) // whose, the answer says
	who, err := a.verifyPasskey(ctx, []byte(answer), purposeSignIn, nil, store.AdminChange{Start: &n})
	if err != nil {
		return Signed{}, err
	}
	return a.signed(ctx, who, token, n, v)
}

// RegisterOptions are the options for navigator.credentials.create, as JSON: for a
// session that signs in or sets up how to.
func (a *Admin) RegisterOptions(who directory.Administrator, session string) (string, error) {
	w, err := a.relyingParty()
	if err != nil {
		return "", err
	}
	creation, _, err := beginRegistration(w, who)
	if err != nil {
		return "", err
	}
	if creation.Response.Challenge, err = a.newChallenge(purposeRegister + session); err != nil {
		return "", err
	}
	return asJSON(creation)
}

func beginRegistration(w *webauthn.WebAuthn, who directory.Administrator) (*protocol.CredentialCreation, *webauthn.SessionData, error) {
	o, err := ownerOf(who)
	if err != nil {
		return nil, nil, err
	}
	creation, session, err := w.BeginRegistration(o, webauthn.WithExclusions(webauthn.Credentials(o.credentials).CredentialDescriptors()))
	if err != nil {
		return nil, nil, fmt.Errorf("admin: asking for a new passkey: %w", err)
	}
	return creation, session, nil
}

// newPasskey checks the answer of navigator.credentials.create (Web
// Authentication, section 7.1) and returns what is to be kept, with the ticket that
// lets it be taken once.
func (a *Admin) newPasskey(who directory.Administrator, session, name, answer string) (directory.AdminPasskey, store.AdminTicket, error) {
	refused := func(why error) (directory.AdminPasskey, store.AdminTicket, error) {
		return directory.AdminPasskey{}, store.AdminTicket{}, problem.Wrap(problem.AdminPasskey, why)
	}
	w, err := a.relyingParty()
	if err != nil {
		return directory.AdminPasskey{}, store.AdminTicket{}, err
	}
	if len(answer) > maxAnswer {
		return refused(errors.New("the answer is too long"))
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return refused(err)
	}
	given := parsed.Response.CollectedClientData.Challenge
	if err := a.openChallenge(given, purposeRegister+session); err != nil {
		return refused(err)
	}
	o, err := ownerOf(who)
	if err != nil {
		return refused(err)
	}
	_, data, err := beginRegistration(w, who)
	if err != nil {
		return refused(err)
	}
	data.Challenge = given
	made, err := w.CreateCredential(o, *data, parsed)
	if err != nil {
		return refused(err)
	}
	doc, err := json.Marshal(made)
	if err != nil {
		return refused(err)
	}
	now := a.now()
	if name = Name(name); name == "" {
		name = "Passkey of " + now.UTC().Format("2 January 2006")
	}
	return directory.AdminPasskey{ID: base64.RawURLEncoding.EncodeToString(made.ID), Name: name, Created: now, Doc: doc},
		store.AdminTicket{Kind: ticketSeen, Hash: directory.HashToken(given), Doc: []byte("{}"), Created: now, Expires: now.Add(challengeFor)}, nil
}
