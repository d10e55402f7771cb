package spend

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
)

// ShadowResults say what a shadow policy would have done to the decisions that
// were made beside it, as their traces recorded it.
type ShadowResults struct {
	Window meter.Window
	// Looked is how many decisions were looked at, the newest of the window;
	// Truncated says that the window has older ones, and Since is how far back
	// was looked.
	Looked    int
	Truncated bool
	Since     time.Time
	// Covered is how many of them the policy was evaluated for.
	Covered int
	// Decided is what was decided at once, and With what would have been with
	// the policy active as well. Both count the covered ones.
	Decided, With policy.Counts
	// Totals add up what it would have changed: every kind, with its amounts as
	// asked for. Samples are the newest of these, newest first.
	Totals  []policy.FlipTotal
	Samples []policy.Flip
}

// maxShadowLooked bounds the explanations that are unpacked for one report.
const maxShadowLooked = 3000

// Shadow reports on one policy, over the versions that it had while it was in
// shadow. It looks at no more than the 3,000 newest decisions of the window.
func (s *Service) Shadow(ctx context.Context, t ident.Tenant, id uuid.UUID, w meter.Window, samples int) (ShadowResults, error) {
	first, beyond := ids(w)
	out := ShadowResults{Window: w, Since: w.From}
	rows, err := report(ctx, s, func(q *db.Queries) ([]db.ShadowSeenRow, error) {
		return q.ShadowSeen(ctx, db.ShadowSeenParams{CompanyID: t.Company, Live: t.Live, First: first, Beyond: beyond,
			Since: w.From, Until: orNever(w.To), Looked: maxShadowLooked + 1})
	})
	if err != nil {
		return out, err
	}
	if out.Truncated = len(rows) > maxShadowLooked; out.Truncated {
		rows = rows[:maxShadowLooked]
		out.Since = rows[len(rows)-1].CreatedAt
	}
	out.Looked = len(rows)
	named := []byte(ident.Format(ident.Policy, id))
	changes := policy.NewFlips(samples)
	for _, r := range rows {
		said, err := saidInShadow(r.Explanation, named)
		if err != nil {
			return out, err
		}
		if said.outcome == "" {
			continue
		}
		out.Covered++
		was := policy.Outcome(r.Decision)
		if r.ApprovalID != nil {
			was = policy.RequiresApproval // the decision says what people made of it
		}
		with := stricterOutcome(was, said.outcome)
		out.Decided.Add(was)
		out.With.Add(with)
		changes.Add(policy.Flip{Authorization: r.AuthorizationID, Agent: r.AgentID, Amount: money.Of(r.Requested, money.Currency(r.Currency)),
			Merchant: r.MerchantName, At: r.CreatedAt, Before: was, After: with, ReasonCode: said.code})
	}
	out.Totals, out.Samples = changes.Totals(), changes.List()
	return out, nil
}

// said is what one policy said of one request.
type said struct {
	outcome policy.Outcome // empty: it was not asked
	code    string
}

// saidInShadow reads what a policy said while it shadowed.
func saidInShadow(packed, named []byte) (out said, err error) {
	text, err := unpackText(packed)
	if err != nil || !bytes.Contains(text, named) {
		return out, err
	}
	start := fmt.Appendf(nil, `{"policy":%q`, named) // as AppendTrace begins a step
	for {
		at := bytes.Index(text, start)
		if at < 0 {
			return out, nil
		}
		text = text[at:]
		var step struct {
			Outcome policy.StepOutcome `json:"outcome"`
			Code    string             `json:"code"`
			Shadow  bool               `json:"shadow"`
		}
		if err := json.NewDecoder(bytes.NewReader(text)).Decode(&step); err != nil {
			return out, err
		}
		if next := outcomeOf(step.Outcome); step.Shadow && (out.outcome == "" || stricterOutcome(out.outcome, next) != out.outcome) {
			out = said{next, step.Code}
		}
		text = text[len(start):]
	}
}

func outcomeOf(s policy.StepOutcome) policy.Outcome {
	switch s {
	case policy.StepDeny:
		return policy.Denied
	case policy.StepHold:
		return policy.RequiresApproval
	}
	return policy.Approved
}

// stricterOutcome is what beats the other.
func stricterOutcome(a, b policy.Outcome) policy.Outcome {
	order := []policy.Outcome{policy.Approved, policy.RequiresApproval, policy.Denied}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}
