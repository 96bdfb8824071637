package server

import (
	"net/http"

	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/mobile"
)

// MobileSetup registers the apps that Microsoft Entra was told about for a
// workspace: it checks what an administrator pastes back from Entra's portal,
// keeps it, shows it and removes it. It asks nobody who they are, so whoever
// offers it to people has made sure that they may administer that very workspace,
// and says who they are.
//
//	out, err := s.Mobile().Set(ctx, "acme", "ada@acme.example", server.MobileInput{
//		RedirectURIs: []string{pasted},
//	})
//	for _, fault := range server.MobileFaults(err) {
//		code, text := problem.Of(fault) // beside the field fault.Field
//	}
//
// What is stored is answered by GET /v1/workspaces/{id} of every server on the
// database from that moment.
type MobileSetup = mobile.Setup

// What MobileSetup takes and answers, each with its JSON.
type (
	MobileInput        = mobile.Input
	MobileAppleApp     = mobile.AppleApp
	MobileAndroidApp   = mobile.AndroidApp
	MobileRemoval      = mobile.Removal
	MobileOutcome      = mobile.Outcome
	MobileDocument     = mobile.Document
	MobileFullDocument = mobile.FullDocument
	// MobileFault is one thing that is wrong with an input, and where it stands.
	MobileFault = mobile.Fault
	// MobileConflict: somebody else made a change meanwhile.
	MobileConflict = mobile.Conflict
)

// MobileFaults returns what is wrong with an input, one by one.
func MobileFaults(err error) []*MobileFault { return mobile.Faults(err) }

// Mobile registers apps in this server's database. A server on loopback, which
// only developers reach, takes the debug key that Fyne publishes, with a warning.
func (s *Server) Mobile() *MobileSetup {
	return &mobile.Setup{Store: s.cfg.Store, Now: s.cfg.Now, InsecureAllowDebugKey: api.Loopback(s.cfg.PublicURL.Hostname())}
}

// MobileAPI serves what MobileSetup does in JSON, for pages of an administrator:
// see docs/api.md. Nothing of this server leads there; mount it where
// administrators are, under any prefix that is taken away (http.StripPrefix).
//
// admin says who makes a request, if they may administer the workspace of that
// id. Its error is answered as it is, by its problem code; a nil admin, or one
// that names nobody, lets nobody in.
func (s *Server) MobileAPI(admin func(r *http.Request, workspace string) (who string, err error)) http.Handler {
	mux := http.NewServeMux()
	(&mobile.Handler{Setup: s.Mobile(), Admin: admin}).Mount(mux)
	return s.guarded(noStore(problems(mux)))
}
