package spend

import (
	"context"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
)

// Group is a held request with its retries: held requests of one agent for the
// same merchant, amount, currency and purpose that wait at the same time.
type Group struct {
	// Newest is the one that is decided.
	Newest Result
	// Earlier are the authorizations that a decision would supersede, newest
	// first; EarlierApprovals are their approvals.
	Earlier, EarlierApprovals []uuid.UUID
}

// Count is how many requests wait together.
func (g *Group) Count() int { return 1 + len(g.Earlier) }

// Inbox is a page of what waits for people.
type Inbox struct {
	Groups []Group // the group with the newest request first
	// More is the cursor of the next page, nil on the last.
	More uuid.UUID
	// Waiting is how many requests wait in all, of every agent. Those beyond the
	// newest 5,000 are in no group until some of these are decided.
	Waiting int64
}

// maxWaiting bounds the requests that are sorted into groups.
const maxWaiting = 5000

// groupKey is what makes held requests retries of one another.
type groupKey struct {
	agent             uuid.UUID
	merchant, purpose string
	currency          money.Currency
	requested         int64
}

func (a *Authorization) groupKey() groupKey {
	return groupKey{agent: a.Agent, merchant: a.MerchantKey, purpose: a.Purpose, currency: a.Currency, requested: a.Requested}
}

// waitingGroup names the members of a group, newest first.
type waitingGroup struct{ approvals, authorizations []uuid.UUID }

// Inbox reads up to limit groups whose newest approval is older than before
// (nil: from the newest), of one agent unless that is nil.
func (s *Service) Inbox(ctx context.Context, t ident.Tenant, agent, before uuid.UUID, limit int) (Inbox, error) {
	if err := s.settle(ctx, t); err != nil {
		return Inbox{}, err
	}
	q := db.New(s.pool)
	rows, err := q.WaitingRequests(ctx, t.Company, t.Live, optional(agent), maxWaiting)
	if err != nil {
		return Inbox{}, err
	}
	var out Inbox
	if out.Waiting, err = q.CountPendingApprovals(ctx, t.Company, t.Live); err != nil {
		return Inbox{}, err
	}
	page := pageOfGroups(rows, orNewest(before), limit+1)
	if len(page) > limit {
		page, out.More = page[:limit], page[limit-1].approvals[0]
	}
	out.Groups, err = s.readGroups(ctx, q, t, page)
	return out, err
}

// pageOfGroups sorts rows, which come newest first, into groups.
func pageOfGroups(rows []db.WaitingRequestsRow, before uuid.UUID, limit int) []*waitingGroup {
	groups := map[groupKey]*waitingGroup{}
	var page []*waitingGroup
	for _, r := range rows {
		key := groupKey{r.AgentID, r.MerchantKey, r.Purpose, money.Currency(r.Currency), r.Requested}
		g := groups[key]
		if g == nil {
			g = &waitingGroup{}
			groups[key] = g
			if len(page) < limit && sooner(r.ApprovalID, before) != before {
				page = append(page, g)
			}
		}
		g.approvals, g.authorizations = append(g.approvals, r.ApprovalID), append(g.authorizations, r.AuthorizationID)
	}
	return page
}

// readGroups reads the newest of each group. One that was decided meanwhile
// shows how.
func (s *Service) readGroups(ctx context.Context, q *db.Queries, t ident.Tenant, page []*waitingGroup) ([]Group, error) {
	var approvals, authorizations columns
	for _, g := range page {
		approvals.add(t, g.approvals[0])
		authorizations.add(t, g.authorizations[0])
	}
	if len(page) == 0 {
		return nil, nil
	}
	rows, err := q.ApprovalsByIDs(ctx, t.Company, t.Live, approvals.ids)
	if err != nil {
		return nil, err
	}
	held, err := withVotes(ctx, q, t, rows)
	if err != nil {
		return nil, err
	}
	stored, err := q.AuthorizationsByIDs(ctx, authorizations.companies, authorizations.lives, authorizations.ids)
	if err != nil {
		return nil, err
	}
	newest := make(map[uuid.UUID]*Result, len(page))
	for _, p := range held {
		newest[p.Authorization] = &Result{Approval: p}
	}
	for _, r := range stored {
		if newest[r.AuthorizationID].Authorization, err = fromRow(r); err != nil {
			return nil, err
		}
	}
	out := make([]Group, len(page))
	for i, g := range page {
		out[i] = Group{Newest: *newest[g.authorizations[0]], Earlier: g.authorizations[1:], EarlierApprovals: g.approvals[1:]}
	}
	return out, nil
}
