package views

import (
	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
)

// MembersPage is a page of members, with the invitation that was typed.
type MembersPage struct {
	Members []company.Member
	// Next is the address of older ones.
	Next        string
	Wrong       Errors
	Email, Role string
}

var roles = []company.Role{company.Owner, company.Admin, company.Approver, company.Viewer}

// roleOptions are the roles that the person may give.
func roleOptions(f Frame) []Option {
	var out []Option
	for _, r := range roles {
		if r != company.Owner || f.IsOwner() {
			out = append(out, Option{string(r), RoleName(r)})
		}
	}
	return out
}

// rights are what a table of roles says, in words; whether a role has one is
// asked of the table that decides.
var rights = []struct {
	scope access.Scope
	text  string
}{
	{access.ScopeRead, "See everything"},
	{access.ScopeApprovals, "Decide what waits for approval"},
	{access.ScopeAdmin, "Manage agents, policies, members, keys and settings, and freeze"},
	{access.ScopeSpend, "Ask to spend, confirm and void"},
	{access.ScopeSettle, "Redeem tokens, as a processor does"},
}

func memberPath(m company.Member) string {
	return "/settings/members/" + ident.Format(ident.Member, m.ID)
}

// isYou says whether a member is who looks.
func isYou(f Frame, m company.Member) bool { return m.ID == f.Who.Member }

// mayManage says whether the person may change this member.
func mayManage(f Frame, m company.Member) bool {
	return f.May(access.ScopeAdmin) && (m.Role != company.Owner || f.IsOwner())
}
