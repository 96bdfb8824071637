package provision

import (
	"context"
	"net/http"

	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// me shows a person who is signed in to the workspace their own resource (RFC
// 7644 section 3.11). A provisioner's token speaks for nobody in particular.
func (c *call) me(ctx context.Context, q *ask) (*reply, error) {
	if c.self == "" {
		return nil, &scim.Error{Status: http.StatusNotFound, Detail: "This token belongs to the provisioner, which is no person, so there is no /Me. It takes the session of somebody who is signed in."}
	}
	q.rt, q.id = c.types.endpoint("Users"), c.self
	done, err := c.getUser(ctx, q)
	if err != nil {
		return nil, err
	}
	done.location = c.location(q.rt, c.self)
	return done, nil
}

// notMe refuses to change what the identity provider is the source of.
func notMe(*call, context.Context, *ask) (*reply, error) {
	return nil, &scim.Error{Status: http.StatusForbidden, Detail: "People are changed by their organisation, in Microsoft Entra, and not by themselves. /Me can be read."}
}
