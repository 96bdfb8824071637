package entratest

import (
	"fmt"
	"regexp"
	"strings"
)

// ScopingFilter is one scoping filter of a job: all its clauses must hold. Of
// several filters one is enough (learn.microsoft.com/entra/identity/
// app-provisioning/define-conditional-rules-for-provisioning-user-accounts).
type ScopingFilter []ScopingClause

// ScopingClause compares one attribute of the directory, such as department,
// userPrincipalName, userType, accountEnabled or, for groups, displayName.
type ScopingClause struct {
	Attribute string
	Operator  ScopingOperator
	Value     string
}

// ScopingOperator is one of Entra's, by the name it has there.
type ScopingOperator string

// The operators. They compare with case.
const (
	ScopeEquals        ScopingOperator = "EQUALS"
	ScopeNotEquals     ScopingOperator = "NOT EQUALS"
	ScopeIsTrue        ScopingOperator = "IS TRUE"
	ScopeIsFalse       ScopingOperator = "IS FALSE"
	ScopeIsNull        ScopingOperator = "IS NULL"
	ScopeIsNotNull     ScopingOperator = "IS NOT NULL"
	ScopeRegexMatch    ScopingOperator = "REGEX MATCH"
	ScopeNotRegexMatch ScopingOperator = "NOT REGEX MATCH"
	ScopeIncludes      ScopingOperator = "INCLUDES"
)

// pass reports whether one filter lets these attributes through. An operator or
// an expression that is none panics: that is a mistake in the test.
func pass(filters []ScopingFilter, attributes map[string]string) bool {
	for _, f := range filters {
		holds := true
		for _, c := range f {
			holds = holds && c.holds(attributes[strings.ToLower(c.Attribute)])
		}
		if holds {
			return true
		}
	}
	return len(filters) == 0
}

func (c ScopingClause) holds(value string) bool {
	switch c.Operator {
	case ScopeEquals:
		return value == c.Value
	case ScopeNotEquals:
		return value != c.Value
	case ScopeIsTrue:
		return value == "true"
	case ScopeIsFalse:
		return value == "false"
	case ScopeIsNull:
		return value == ""
	case ScopeIsNotNull:
		return value != ""
	case ScopeRegexMatch:
		return regexp.MustCompile(c.Value).MatchString(value)
	case ScopeNotRegexMatch:
		return !regexp.MustCompile(c.Value).MatchString(value)
	case ScopeIncludes:
		return strings.Contains(value, c.Value)
	}
	panic(fmt.Sprintf("entratest: %q is no operator of a scoping filter", c.Operator))
}

// userAttributes are those that a filter can name, in small letters.
func userAttributes(u User) map[string]string {
	kind := "Member"
	if u.Guest {
		kind = "Guest"
	}
	return map[string]string{
		"objectid": u.ObjectID, "userprincipalname": u.UserPrincipalName, "mailnickname": u.MailNickname, "mail": u.Mail,
		"displayname": u.DisplayName, "givenname": u.GivenName, "surname": u.Surname, "jobtitle": u.JobTitle,
		"department": u.Department, "employeeid": u.EmployeeID, "telephonenumber": u.TelephoneNumber, "mobile": u.MobilePhone,
		"preferredlanguage": u.PreferredLanguage, "physicaldeliveryofficename": u.OfficeLocation, "manager": u.Manager,
		"usertype": kind, "accountenabled": fmt.Sprint(!u.Disabled), "issoftdeleted": fmt.Sprint(u.Deleted),
	}
}
