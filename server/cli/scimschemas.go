package cli

import (
	"errors"
	"os"

	"github.com/BurntSushi/toml"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// scimSchemas reads the file of scim_schemas, if there is one, and checks it.
func (s settings) scimSchemas() (server.SCIMDeclaration, error) {
	var d server.SCIMDeclaration
	v := s[keySCIMSchemas]
	if v.Text == "" {
		return d, nil
	}
	text, err := os.ReadFile(v.Text)
	if err != nil {
		return d, problem.Detailf(problem.BadConfig, "%s, named by %s: %v.", v.Text, v.From, errors.Unwrap(err))
	}
	meta, err := toml.Decode(string(text), &d)
	var p toml.ParseError
	switch {
	case errors.As(err, &p):
		return d, problem.Detailf(problem.BadConfig, "%s, line %d: %s.", v.Text, p.Position.Line, p.Message)
	case err != nil:
		return d, problem.Detailf(problem.BadConfig, "%s: %v.", v.Text, err)
	case len(meta.Undecoded()) > 0:
		return d, problem.Detailf(problem.BadConfig, "%s: there is no setting %q.", v.Text, meta.Undecoded()[0].String())
	}
	if _, err := d.Types(); err != nil {
		return d, problem.Detailf(problem.BadConfig, "%s: %v.", v.Text, err)
	}
	return d, nil
}

// people is the resource type of people, with the extensions of the file.
func (s settings) people() (*scim.ResourceType, error) {
	declared, err := s.scimSchemas()
	if err != nil {
		return nil, err
	}
	types, err := declared.Types()
	if err != nil {
		return nil, problem.Detailf(problem.BadConfig, "The SCIM schemas: %s.", err)
	}
	for _, rt := range types {
		if rt.Core.ID == scim.UserSchema {
			return rt, nil
		}
	}
	return scim.Users(), nil
}
