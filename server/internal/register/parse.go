package register

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf16"

	"github.com/google/uuid"

	"github.com/lanyard-sso/lanyard/problem"
)

// MaxApplication is how long a registration may be, in bytes. Microsoft Entra
// limits one to 1200 entries, which is far less.
const MaxApplication = 4 << 20

// ParseApplication reads an app registration: an answer of Microsoft Graph
// (one application, or a list of one), what "az ad app show" prints, or the
// portal's Manifest in either of its formats. A byte order mark and UTF-16, as
// Windows PowerShell writes it, are understood.
func ParseApplication(data []byte) (Application, error) {
	doc, err := object(data)
	if err != nil {
		return Application{}, err
	}
	if inner, ok := doc["application"]; ok { // the answer of applicationTemplate: instantiate
		if doc, err = object(inner); err != nil {
			return Application{}, err
		}
	}
	var a Application
	switch {
	case isBool(doc["publicClient"]) || doc["availableToOtherTenants"] != nil:
		return a, problem.Detailf(problem.RegUnreadable, "It was printed by an az older than 2.37, which does not say under which platform a redirect URI is.")
	case doc["replyUrlsWithType"] != nil || doc["oauth2Permissions"] != nil || doc["accessTokenAcceptedVersion"] != nil || doc["allowPublicClient"] != nil:
		a, err = parseOld(doc)
	default:
		err = json.Unmarshal(whole(doc), &a)
	}
	if err != nil {
		return Application{}, unreadable(err)
	}
	if id, err := uuid.Parse(a.AppID); err != nil || len(a.AppID) != 36 {
		return Application{}, problem.Detailf(problem.RegUnreadable, "It has no appId, which is the Application (client) ID.")
	} else {
		a.AppID = id.String()
	}
	return a, nil
}

// ParseServicePrincipal reads an enterprise application: an answer of Microsoft
// Graph, or what "az ad sp show" prints.
func ParseServicePrincipal(data []byte) (ServicePrincipal, error) {
	doc, err := object(data)
	if err != nil {
		return ServicePrincipal{}, err
	}
	if inner, ok := doc["servicePrincipal"]; ok {
		if doc, err = object(inner); err != nil {
			return ServicePrincipal{}, err
		}
	}
	var s ServicePrincipal
	if err := json.Unmarshal(whole(doc), &s); err != nil {
		return ServicePrincipal{}, unreadable(err)
	}
	if _, err := uuid.Parse(s.AppID); err != nil {
		return ServicePrincipal{}, problem.Detailf(problem.RegUnreadable, "It has no appId, so it is not an enterprise application.")
	}
	s.AppID = strings.ToLower(s.AppID)
	if doc["servicePrincipalType"] == nil && doc["appRoleAssignmentRequired"] == nil && doc["accountEnabled"] == nil {
		return ServicePrincipal{}, problem.Detailf(problem.RegUnreadable, "It is an app registration and not an enterprise application: give what az ad sp show prints.")
	}
	return s, nil
}

// object reads one JSON object, out of a list where it is alone there.
func object(data []byte) (map[string]json.RawMessage, error) {
	if len(data) > MaxApplication {
		return nil, problem.Detailf(problem.RegTooLarge, "It has more than %d bytes.", MaxApplication)
	}
	data = bytes.TrimSpace(plain(data))
	if len(data) == 0 {
		return nil, problem.Detailf(problem.RegUnreadable, "It is empty.")
	}
	var list []json.RawMessage
	if data[0] == '[' {
		if err := json.Unmarshal(data, &list); err != nil {
			return nil, unreadable(err)
		}
		return only(list)
	}
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, unreadable(err)
	}
	if raw, ok := doc["error"]; ok && len(doc) == 1 {
		var e struct{ Code string }
		_ = json.Unmarshal(raw, &e) // Graph's error, or something else that is no registration
		return nil, problem.Detailf(problem.RegUnreadable, "It is an error of Microsoft Graph's: %s.", word(e.Code))
	}
	if raw, ok := doc["value"]; ok && doc["appId"] == nil {
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, unreadable(err)
		}
		return only(list)
	}
	return doc, nil
}

func only(list []json.RawMessage) (map[string]json.RawMessage, error) {
	if len(list) != 1 {
		return nil, problem.Detailf(problem.RegSeveral, "There are %d in it.", len(list))
	}
	if inner := bytes.TrimSpace(list[0]); len(inner) > 0 && inner[0] == '[' {
		return nil, problem.Detailf(problem.RegUnreadable, "It is a list within a list.")
	}
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(list[0], &doc); err != nil {
		return nil, unreadable(err)
	}
	return doc, nil
}

// plain returns data as UTF-8 without a byte order mark.
func plain(data []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	}
	units := make([]uint16, 0, len(data)/2)
	for i := 2; i+1 < len(data); i += 2 {
		units = append(units, order.Uint16(data[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}

// whole is a document that was taken apart, as one text again. Its keys come
// from JSON, so nothing can go wrong.
func whole(doc map[string]json.RawMessage) []byte {
	b, err := json.Marshal(doc)
	if err != nil {
		return nil
	}
	return b
}

func isBool(raw json.RawMessage) bool {
	return string(raw) == "true" || string(raw) == "false"
}

// unreadable says what is wrong with the form of a document, without
// repeating what is in it.
func unreadable(err error) error {
	if code, _ := problem.Of(err); code != problem.Internal {
		return err
	}
	var typed *json.UnmarshalTypeError
	if errors.As(err, &typed) {
		return problem.Detailf(problem.RegUnreadable, "%s has the wrong form.", word(typed.Field))
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return problem.Detailf(problem.RegUnreadable, "It is not whole, or not written as one is, at byte %d.", syntax.Offset)
	}
	return problem.Detailf(problem.RegUnreadable, "It cannot be read.")
}

// word keeps of a name what is safe to show.
func word(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' {
			return r
		}
		return -1
	}, s)
	if s == "" {
		return "something"
	}
	return s[:min(len(s), 80)]
}

// oldManifest is the manifest in the Azure AD Graph format, as far as it is
// written otherwise than Microsoft Graph's.
type oldManifest struct {
	ID             string `json:"id"`
	AppID          string `json:"appId"`
	Name           string `json:"name"`
	SignInAudience string `json:"signInAudience"`
	PublicFlows    *bool  `json:"allowPublicClient"`
	TokenVersion   *int   `json:"accessTokenAcceptedVersion"`
	LogoutURL      string `json:"logoutUrl"`
	ReplyURLs      []struct {
		URL  string `json:"url"`
		Type string `json:"type"`
	} `json:"replyUrlsWithType"`
	Scopes        []Scope `json:"oauth2Permissions"`
	Preauthorized []struct {
		AppID string   `json:"appId"`
		IDs   []string `json:"permissionIds"`
	} `json:"preAuthorizedApplications"`
	IdentifierURIs []string         `json:"identifierUris"`
	Required       []RequiredAccess `json:"requiredResourceAccess"`
	AppRoles       []AppRole        `json:"appRoles"`
	OptionalClaims *OptionalClaims  `json:"optionalClaims"`
	Secrets        []Secret         `json:"passwordCredentials"`
}

// parseOld reads the older manifest ("Understand the app manifest (Azure AD
// Graph format)", Microsoft identity platform).
func parseOld(doc map[string]json.RawMessage) (Application, error) {
	var m oldManifest
	if err := json.Unmarshal(whole(doc), &m); err != nil {
		return Application{}, err
	}
	a := Application{
		ID: m.ID, AppID: m.AppID, DisplayName: m.Name, SignInAudience: m.SignInAudience, PublicFlows: m.PublicFlows,
		Web: Web{LogoutURL: m.LogoutURL}, API: API{TokenVersion: m.TokenVersion, Scopes: m.Scopes},
		IdentifierURIs: m.IdentifierURIs, Required: m.Required, AppRoles: m.AppRoles, OptionalClaims: m.OptionalClaims, Secrets: m.Secrets,
	}
	for _, p := range m.Preauthorized {
		a.API.Preauthorized = append(a.API.Preauthorized, Preauthorized(p))
	}
	for _, r := range m.ReplyURLs {
		switch strings.ToLower(r.Type) {
		case "installedclient":
			a.PublicClient.RedirectURIs = append(a.PublicClient.RedirectURIs, r.URL)
		case "spa":
			a.SPA.RedirectURIs = append(a.SPA.RedirectURIs, r.URL)
		case "web", "":
			a.Web.RedirectURIs = append(a.Web.RedirectURIs, r.URL)
		default:
			return Application{}, problem.Detailf(problem.RegUnreadable, "A redirect URI has the type %s, which nobody knows.", word(r.Type))
		}
	}
	return a, nil
}
