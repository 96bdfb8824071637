package cli

import (
	"errors"
	"io"
	"os"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// samlSource is where an identity provider's values come from.
type samlSource struct {
	MetadataURL  string `name:"metadata-url" placeholder:"URL" help:"App Federation Metadata Url of step 3 in Entra."`
	AnyHost      bool   `name:"any-host" help:"Fetch the metadata from another host than Microsoft's."`
	MetadataFile string `name:"metadata-file" placeholder:"FILE" help:"Federation Metadata XML of step 3 in Entra; - reads standard input."`
	IdP          string `name:"idp" placeholder:"ENTITY-ID" help:"Which identity provider, where the metadata describes several."`
	Certificate  string `name:"certificate" placeholder:"FILE" help:"Certificate (Base64) of step 3, or any form of it; - reads standard input."`
	Issuer       string `name:"issuer" placeholder:"X" help:"Microsoft Entra Identifier of step 4."`
	LoginURL     string `name:"login-url" placeholder:"URL" help:"Login URL of step 4."`
	LogoutURL    string `name:"logout-url" placeholder:"URL" help:"Logout URL of step 4."`
}

func (s samlSource) given() bool { return s != (samlSource{AnyHost: s.AnyHost}) }

// input reads the files that are named, and checks every option.
func (s samlSource) input(c *command, o samlOptions) (signin.SAMLInput, error) {
	in := signin.SAMLInput{
		MetadataURL: strings.TrimSpace(s.MetadataURL), AnyHost: s.AnyHost, EntityID: s.IdP,
		Issuer: s.Issuer, LoginURL: s.LoginURL, LogoutURL: s.LogoutURL,
	}
	if s.MetadataFile == "-" && s.Certificate == "-" {
		return in, problem.Detailf(problem.BadUsage, "Standard input cannot be both the metadata and the certificate.")
	}
	var err error
	if s.MetadataFile != "" {
		if in.Metadata, err = c.readInput("--metadata-file", s.MetadataFile, saml.MaxMetadata); err != nil {
			return in, err
		}
	}
	if s.Certificate != "" {
		if in.Certificate, err = c.readInput("--certificate", s.Certificate, saml.MaxMetadata); err != nil {
			return in, err
		}
	}
	in.Change, err = o.change()
	return in, err
}

// readInput reads a file, or standard input, of at most the size and one byte,
// so that the reader can say that it is too large. What is empty is given as a
// space: it was given, and is refused for what it is.
func (c *command) readInput(flag, name string, most int64) ([]byte, error) {
	from := c.in
	if name != "-" {
		if len(name) > 300 || strings.ContainsAny(name, "\n\r") || strings.Contains(name, "-----") {
			// What was pasted may be a private key: it is not repeated.
			return nil, problem.Detailf(problem.BadUsage, "%s takes the name of a file, and not what is in it.", flag)
		}
		f, err := os.Open(name)
		if err != nil {
			return nil, problem.Detailf(problem.BadUsage, "%s %s: %v.", flag, name, errors.Unwrap(err))
		}
		defer f.Close()
		from = f
	}
	text, err := io.ReadAll(io.LimitReader(from, most+1))
	if err != nil {
		return nil, problem.Detailf(problem.BadUsage, "%s %s: %v.", flag, name, err)
	}
	if len(text) == 0 {
		text = []byte(" ")
	}
	return text, nil
}
