package msal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// contract is MSAL's cache as it is stored: sections (AccessToken, IdToken,
// RefreshToken, Account, AppMetadata, and whatever a later MSAL adds) of rows
// by key. A row is kept as JSON in a canonical form, so that equal rows are
// equal texts.
type contract map[string]map[string]json.RawMessage

const (
	sectionAccounts = "Account"
	sectionAccess   = "AccessToken"
)

var errNotContract = errors.New("not an MSAL cache")

// parseContract reads a stored cache. Nothing is an empty one.
func parseContract(raw []byte) (contract, error) {
	c := contract{}
	if len(bytes.TrimSpace(raw)) == 0 {
		return c, nil
	}
	var sections map[string]map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // or large numbers would lose digits
	if err := d.Decode(&sections); err != nil || sections == nil || d.More() {
		return nil, errNotContract // err may quote the cache
	}
	for name, rows := range sections {
		c[name] = make(map[string]json.RawMessage, len(rows))
		for key, row := range rows {
			text, err := json.Marshal(row) // sorts the keys
			if err != nil {
				return nil, errNotContract
			}
			c[name][key] = text
		}
	}
	return c, nil
}

// bytes is the stored form, the same for equal contracts, and nothing for one
// that holds no account and no token.
func (c contract) bytes() ([]byte, error) {
	out := contract{}
	used := false
	for name, rows := range c {
		if len(rows) > 0 {
			out[name] = rows
			used = used || name != "AppMetadata"
		}
	}
	if !used {
		return nil, nil
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("encoding the cache: %w", errNotContract)
	}
	return raw, nil
}

// merge brings two changes of one cache together, row by row: base is what
// both began from, mine what this process made of it, theirs what is stored
// now. Where only one side changed a row, its change counts; where both did,
// mine, being later. But a row or account that they deleted stays deleted: a
// refresh that was under way while the person signed out elsewhere must not
// bring the account back.
func merge(base, mine, theirs contract) contract {
	out := contract{}
	for name, rows := range theirs {
		out[name] = make(map[string]json.RawMessage, len(rows))
		for key, row := range rows {
			out[name][key] = row
		}
	}
	gone := signedOut(base, theirs)
	for name, rows := range mine {
		for key, row := range rows {
			before, had := base[name][key]
			_, have := theirs[name][key]
			switch {
			case had && bytes.Equal(before, row): // not changed here
			case had && !have: // deleted there
			case gone[homeAccount(row)]:
			default:
				if out[name] == nil {
					out[name] = map[string]json.RawMessage{}
				}
				out[name][key] = row
			}
		}
	}
	for name, rows := range base {
		for key := range rows {
			if _, kept := mine[name][key]; !kept {
				delete(out[name], key)
			}
		}
	}
	return out
}

// signedOut names the accounts that base has and theirs has not.
func signedOut(base, theirs contract) map[string]bool {
	gone := map[string]bool{}
	for _, row := range base[sectionAccounts] {
		gone[homeAccount(row)] = true
	}
	for _, row := range theirs[sectionAccounts] {
		delete(gone, homeAccount(row))
	}
	delete(gone, "")
	return gone
}

// forget removes every row of an account, in whichever tenant and for
// whichever app: MSAL keeps one account row for each tenant.
func (c contract) forget(account string) {
	for _, rows := range c {
		for key, row := range rows {
			if strings.EqualFold(homeAccount(row), account) {
				delete(rows, key)
			}
		}
	}
}

// has reports whether there is an account of this HomeAccountID.
func (c contract) has(account string) bool {
	for _, row := range c[sectionAccounts] {
		if strings.EqualFold(homeAccount(row), account) {
			return true
		}
	}
	return false
}

// homeAccount is a row's HomeAccountID, and "" for rows of no account.
func homeAccount(row json.RawMessage) string {
	var r struct {
		ID string `json:"home_account_id"`
	}
	if json.Unmarshal(row, &r) != nil {
		return ""
	}
	return strings.ToLower(r.ID)
}
