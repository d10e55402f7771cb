package web

import (
	"net/http"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/lookalike"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/views"
)

func (w *Web) approvalsPages() []page {
	return []page{
		{http.MethodGet, "/approvals", member, access.ScopeRead, (*visit).approvals},
		{http.MethodGet, "/approvals/waiting", member, access.ScopeRead, (*visit).waiting},
		{http.MethodGet, "/approvals/:id", member, access.ScopeRead, (*visit).approval},
		{http.MethodPost, "/approvals/:id/approve", member, access.ScopeApprovals, (*visit).approve},
		{http.MethodPost, "/approvals/:id/deny", member, access.ScopeApprovals, (*visit).deny},
	}
}

// inboxPage and decidedPage are how many are on one page.
const inboxPage, decidedPage = 10, 50

// approvals is the inbox, whole or the part that htmx asks for, or the list of
// what was decided.
func (v *visit) approvals() error {
	before, err := v.beforeApproval()
	if err != nil {
		return err
	}
	if v.QueryParam("show") == "decided" {
		return v.decided(before)
	}
	inbox, err := v.web.spend.Inbox(v.ctx(), v.tenant(), uuid.Nil, before, inboxPage)
	if err != nil {
		return err
	}
	requests, err := v.held(inbox.Groups)
	if err != nil {
		return err
	}
	in := views.Inbox{Requests: requests, Before: v.QueryParam("before")}
	f := v.withInbox("Approvals")
	if inbox.More != uuid.Nil {
		in.Next = f.With("/approvals", "before", ident.Format(ident.Approval, inbox.More))
	}
	if v.isHTMX() {
		return v.show(http.StatusOK, views.InboxList(f, in))
	}
	return v.show(http.StatusOK, views.Approvals(f, in))
}

// beforeApproval is where the page begins: an approval's id, or nil.
func (v *visit) beforeApproval() (uuid.UUID, error) {
	said := v.QueryParam("before")
	if said == "" {
		return uuid.Nil, nil
	}
	id, ok := ident.Parse(ident.Approval, said)
	if !ok {
		return uuid.Nil, fault.Missing("page")
	}
	return id, nil
}

// withInbox is the frame of a page with requests on it.
func (v *visit) withInbox(title string) views.Frame {
	f := v.titled(title)
	f.Scripts = append(f.Scripts, views.Script{Src: inboxScript()})
	return f
}

func (v *visit) decided(before uuid.UUID) error {
	status := v.QueryParam("status")
	rows, err := v.web.spend.Decided(v.ctx(), v.tenant(), status, before, decidedPage+1)
	if err != nil {
		return err
	}
	list := views.DecidedList{Status: status}
	f := v.titled("Decided approvals")
	if len(rows) > decidedPage {
		rows = rows[:decidedPage]
		list.Next = f.With("/approvals", "show", "decided", "status", status,
			"before", ident.Format(ident.Approval, rows[decidedPage-1].Approval.ID))
	}
	if list.Requests, err = v.named(rows); err != nil {
		return err
	}
	return v.show(http.StatusOK, views.Decided(f, list))
}

// waiting is the number in the menus, for pages that are open.
func (v *visit) waiting() error {
	return v.show(http.StatusOK, views.WaitingNews(v.frame))
}

// approval is one request. Looking at it decides nothing.
func (v *visit) approval() error {
	h, err := v.heldByID()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, views.ApprovalPage(v.withInbox(requestTitle(h)), h))
}

func requestTitle(h views.Held) string {
	a := h.Authorization
	return a.Money(a.Requested).String() + " to " + lookalike.Spelled(a.Merchant.Name)
}

// heldByID reads the request that the address names, with those that it is a
// retry of.
func (v *visit) heldByID() (views.Held, error) {
	r, err := v.requested()
	if err != nil {
		return views.Held{}, err
	}
	group, newer, err := v.groupOf(r)
	if err != nil {
		return views.Held{}, err
	}
	all, err := v.held([]spend.Group{group})
	if err != nil {
		return views.Held{}, err
	}
	all[0].Newer = newer
	return all[0], nil
}

// requested is the request that the address names.
func (v *visit) requested() (spend.Result, error) {
	id, ok := ident.Parse(ident.Approval, v.Param("id"))
	if !ok {
		return spend.Result{}, fault.Missing("approval")
	}
	return v.web.spend.Approval(v.ctx(), v.tenant(), id)
}

// manyGroups bounds the groups of one agent among which a request is looked for.
const manyGroups = 1000

// groupOf finds what a request is decided together with: what it supersedes, or
// the newer one that supersedes it.
func (v *visit) groupOf(r spend.Result) (group spend.Group, newer string, err error) {
	alone := spend.Group{Newest: r}
	if r.Approval.Status != "pending" {
		return alone, "", nil
	}
	inbox, err := v.web.spend.Inbox(v.ctx(), v.tenant(), r.Authorization.Agent, uuid.Nil, manyGroups)
	if err != nil {
		return alone, "", err
	}
	for _, g := range inbox.Groups {
		if g.Newest.Approval.ID == r.Approval.ID {
			return g, "", nil
		}
		for _, earlier := range g.EarlierApprovals {
			if earlier == r.Approval.ID {
				return alone, g.Newest.Approval.PublicID(), nil
			}
		}
	}
	return alone, "", nil
}
