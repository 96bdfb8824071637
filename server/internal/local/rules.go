package local

import (
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/password"
)

// acceptable says what is wrong with a new password of somebody's. The error is
// problem.PasswordWeak.
func acceptable(typed string, ws directory.Workspace, u directory.User) error {
	p := directory.ProfileOf(u)
	if wrong := password.Weakness(typed, ws.ID, ws.Name, p.UserName, p.Email, p.GivenName, p.FamilyName, p.DisplayName); wrong != "" {
		return problem.Detailf(problem.PasswordWeak, "%s", wrong)
	}
	return nil
}
