package spend

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/policy"
)

// CountWaiting counts the requests that wait for people, no further than most, and
// tells the database's moment. It is cheap enough for every page.
func (s *Service) CountWaiting(ctx context.Context, t ident.Tenant, most int) (waiting int, now time.Time, err error) {
	row, err := db.New(s.pool).WaitingAndClock(ctx, t.Company, t.Live, int32(most))
	return int(row.Waiting), row.Now, err
}

// Decided reads up to limit approvals that do not wait any more and are older
// than before (nil: the newest), newest first. An empty status means all.
func (s *Service) Decided(ctx context.Context, t ident.Tenant, status string, before uuid.UUID, limit int) ([]Result, error) {
	if err := s.settle(ctx, t); err != nil {
		return nil, err
	}
	q := db.New(s.pool)
	rows, err := q.ListDecidedApprovals(ctx, db.ListDecidedApprovalsParams{CompanyID: t.Company, Live: t.Live,
		Before: orNewest(before), Status: optional(status), Rows: int32(limit)})
	if err != nil {
		return nil, err
	}
	return resultsOf(ctx, q, t, rows)
}

// PaidMerchant is a merchant as a request that was paid called it.
type PaidMerchant struct{ Name, Domain string }

// looked bounds the authorizations among which PaidMerchants looks.
const looked = 3000

// PaidMerchants are those that the newest 3,000 authorizations have paid, under
// each name and domain that was used, to compare others with.
func (s *Service) PaidMerchants(ctx context.Context, t ident.Tenant) ([]PaidMerchant, error) {
	rows, err := db.New(s.pool).PaidMerchants(ctx, t.Company, t.Live, looked)
	out := make([]PaidMerchant, len(rows))
	for i, r := range rows {
		out[i] = PaidMerchant{r.MerchantName, r.MerchantDomain}
	}
	return out, err
}

// Objection says why a person may not decide now, as Cast would; nil when they
// may. What the rules say of this moment is asked when the vote is cast.
func (p *Approval) Objection(a *Authorization, v Voter, role string) error {
	return p.admits(a, Ballot{Voter: v}, role)
}

// Progress is how far one requirement is met.
type Progress struct {
	policy.Requirement
	Approved int
}

// Missing is how many more people the requirement wants.
func (g Progress) Missing() int { return max(0, g.Approvals-g.Approved) }

// Progress tells of each requirement how many people have met it.
func (p *Approval) Progress() []Progress {
	out := make([]Progress, len(p.Requirements))
	for i, r := range p.Requirements {
		out[i] = Progress{r, p.approvers(r)}
	}
	return out
}

// Offer is what another full approval would give: the lowest amount that
// somebody has approved already, else what was asked, in minor units.
func (p *Approval) Offer(a *Authorization) int64 { return p.approvedAmount(a.Amount) }
