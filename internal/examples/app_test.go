package examples

import (
	"context"
	"fmt"
	"net/url"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/msal"
	"github.com/lanyard-sso/lanyard/platform"
)

// Compiled, and not run: it would open a browser.
func Example_app() {
	ctx := context.Background()
	client, err := newClient(&url.URL{Scheme: "https", Host: "sso.example.com"}, "/home/ada/.local/share/yourapp")
	if err != nil {
		fmt.Println(err)
		return
	}
	draw(ctx, client)
}

// newClient and draw stand in the README as they stand here.

func newClient(server *url.URL, folder string) (*auth.Client, error) {
	// One key in the system's keychain seals every file of the folder. Where there is
	// no keychain, ask the person: platform.KeyFile or platform.MemoryKey.
	vault, err := platform.OpenVault(platform.VaultConfig{Dir: folder, Keys: platform.Keychain("com.example.yourapp")})
	if err != nil {
		return nil, err
	}
	return auth.New(auth.Config{
		Server:  server,
		Device:  platform.DeviceName(),
		Vault:   vault,
		OpenURL: platform.OpenURL,
		Return:  platform.Loopback, // for workspaces that sign in by SAML
		Provider: msal.New(msal.Config{
			Cache:   vault.File("msal"),
			OpenURL: platform.OpenURL,
			Return:  platform.Loopback, // http://localhost, any port
		}),
	}), nil
}

func draw(ctx context.Context, client *auth.Client) {
	go client.Run(ctx) // resumes a saved sign-in without a browser, watches, renews
	for state := range client.States(ctx) {
		switch state.Phase {
		case auth.SignedOut: // when the person presses your button:
			go client.SignIn(ctx, "acme")
		case auth.SignedIn:
			fmt.Println("Hello", state.Person.DisplayName, "of", state.Person.Department)
		case auth.Revoked:
			fmt.Println("Your organisation ended your access:", state.Err)
		}
	}
}
