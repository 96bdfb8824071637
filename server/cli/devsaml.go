package cli

import (
	"crypto/sha256"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// How the workspace of dev signs in.
const (
	signInMicrosoft = "microsoft"
	signInSAML      = "saml"
	signInBoth      = "both"
)

// devSAML is what dev --json says about sign-in by SAML.
type devSAML struct {
	// Login is where a browser starts, UserAccessURL where it starts from
	// Entra's side.
	Login         string `json:"login"`
	UserAccessURL string `json:"user_access_url"`
	// MetadataURL is Entra's, to be fetched through the proxy.
	MetadataURL string `json:"metadata_url"`
	EntityID    string `json:"entity_id"`
	ACS         string `json:"acs"`
}

// devServerKey seals the keys of the SAML connection. It follows from the seed,
// which is kept beside the database: dev guards nobody's secrets.
func devServerKey(seed uuid.UUID) []byte {
	sum := sha256.Sum256([]byte("server key " + seed.String()))
	return sum[:]
}

// samlAt is an address of the workspace's SAML service provider.
func (e *devEnv) samlAt(name string) string {
	return e.public.JoinPath("w", e.ws.ID, "saml", name).String()
}

// seedSAML sets sign-in by SAML up as an administrator does: our addresses into
// Entra, Entra's metadata address into Lanyard.
func (c *command) seedSAML(env *devEnv, st *server.Store, key []byte) error {
	setup := &signin.SAMLSetup{
		Store: st, PublicURL: env.public, Now: c.opt.Now, Key: key,
		Fetcher: &signin.Fetcher{HTTPClient: env.entra.HTTPClient(), Loopback: true},
	}
	if env.signIn == signInMicrosoft {
		// A kept database may have it from another run.
		if _, err := st.SAML(c.ctx, env.ws.ID); err == nil {
			return setup.Remove(c.ctx, env.ws.ID)
		}
		return nil
	}
	var err error
	env.saml, err = env.entra.SetUpSAML(EntraSAML{EntityID: env.samlAt("metadata"), ACS: env.samlAt("acs"), SLO: env.samlAt("slo")})
	if err != nil {
		return fmt.Errorf("setting up SAML in the local Entra: %w", err)
	}
	if _, err := setup.Set(c.ctx, env.ws.ID, signin.SAMLInput{MetadataURL: env.saml.MetadataURL}); err != nil {
		return fmt.Errorf("setting up SAML: %w", err)
	}
	return nil
}

// samlDoc is nil where the workspace does not sign in by SAML.
func (e *devEnv) samlDoc() *devSAML {
	if e.signIn == signInMicrosoft {
		return nil
	}
	return &devSAML{
		Login: e.samlAt("login"), UserAccessURL: e.saml.UserAccessURL, MetadataURL: e.saml.MetadataURL,
		EntityID: e.samlAt("metadata"), ACS: e.samlAt("acs"),
	}
}

// devRollCmd is dev entra roll-certificate.
type devRollCmd struct{}

func (devRollCmd) Run(c *command) error {
	k, err := c.findDev()
	if err != nil {
		return err
	}
	if err := k.call(c.ctx, http.MethodPost, "/certificate", nil, nil); err != nil {
		return err
	}
	c.say("The local Entra signs SAML responses with a new certificate. Lanyard reads the metadata again at the next sign-in.")
	return nil
}
