package views

import (
	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/company"
)

// htmxConfig keeps htmx within the content security policy: no styles or
// scripts of its own making, and no answers from other hosts. What it puts into
// a page works at once, and has the focus at once: in the 20 ms that it waits
// otherwise, more on a slow phone, what is typed is not heard, Enter leaves the
// page, and then the focus moves away from under the fingers.
const htmxConfig = `{"includeIndicatorStyles":false,"allowEval":false,"selfRequestsOnly":true,"historyCacheSize":0,"defaultSettleDelay":0}`

type menuEntry struct{ path, label, icon string }

var menuEntries = []menuEntry{
	{"/overview", "Overview", "overview"},
	{"/approvals", "Approvals", "approvals"},
	{"/authorizations", "Authorizations", "authorizations"},
	{"/agents", "Agents", "agents"},
	{"/policies", "Policies", "policies"},
	{"/budgets", "Budgets", "budgets"},
	{"/cards", "Cards", "cards"},
	{"/wallets", "Wallets", "wallets"},
	{"/ledger", "Ledger", "ledger"},
	{"/audit", "Audit log", "audit"},
	{"/settings", "Settings", "settings"},
	{"/developers", "Developers", "developers"},
}

var themes = []struct{ value, label string }{{"", "System"}, {"day", "Day"}, {"night", "Night"}}

func documentTitle(f Frame) string {
	title := f.Title + " · Purser"
	if f.signedIn() && !f.Live {
		title = "Test · " + title
	}
	return title
}

func (f Frame) signedIn() bool { return f.Who.Person != uuid.Nil }

// RoleName is a role as pages write it.
func RoleName(r company.Role) string {
	switch r {
	case company.Owner:
		return "Owner"
	case company.Admin:
		return "Admin"
	case company.Approver:
		return "Approver"
	case company.Viewer:
		return "Viewer"
	}
	return string(r)
}
