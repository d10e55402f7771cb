package spend

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
)

// Search is what to look for. Zero values filter nothing. A MerchantKey without
// Merchant is that key alone.
type Search struct {
	Filter
	// Statuses are any of these, beside Filter.Status.
	Statuses []Status
	// Agents are any of these; none are all.
	Agents     []uuid.UUID
	ReasonCode string
	// Text is looked for, in any case, within the merchant's name, domain and
	// key, the purpose and the reference. One that begins like an authorization's
	// id is the beginning of that id, and nothing else.
	Text string
}

// Found is a page of what was found, newest first.
type Found struct {
	Authorizations []*Authorization
	// More is where to go on: the cursor of the next page, nil when everything
	// was looked at. A page may be short, or empty, and still have more: so much
	// is looked at for one page, and no more.
	More uuid.UUID
}

// maxLooked is among how many authorizations a page's are looked for, and
// maxTextLooked among how many for a text.
const maxLooked, maxTextLooked = 50_000, 20_000

// Search finds up to limit authorizations before a cursor (nil: the newest).
// Without more filters than List has it finds what List does.
func (s *Service) Search(ctx context.Context, t ident.Tenant, q Search, before uuid.UUID, limit int) (Found, error) {
	if err := s.settle(ctx, t); err != nil {
		return Found{}, err
	}
	p := q.params(t, orNewest(before), limit)
	rows, err := report(ctx, s, func(q *db.Queries) ([]db.Authorization, error) { return q.SearchAuthorizations(ctx, p) })
	if err != nil {
		return Found{}, err
	}
	out := Found{Authorizations: make([]*Authorization, min(len(rows), limit))}
	for i := range out.Authorizations {
		if out.Authorizations[i], err = fromRow(rows[i]); err != nil {
			return Found{}, err
		}
	}
	if len(rows) > limit {
		out.More = rows[limit-1].AuthorizationID
		return out, nil
	}
	out.More, err = db.New(s.pool).SearchedTo(ctx, db.SearchedToParams{CompanyID: t.Company, Live: t.Live, Agent: p.Agent,
		Before: p.Before, First: p.First, Looked: p.Looked})
	if errors.Is(err, pgx.ErrNoRows) {
		return out, nil
	}
	return out, err
}

func (q *Search) params(t ident.Tenant, before uuid.UUID, limit int) db.SearchAuthorizationsParams {
	f := &q.Filter
	first, beyond := ids(meter.Window{From: f.From, To: f.To})
	p := db.SearchAuthorizationsParams{CompanyID: t.Company, Live: t.Live, Looked: maxLooked, Rows: int32(limit) + 1,
		Agent: optional(f.Agent), Agents: q.Agents, Decision: optional(f.Decision), ReasonCode: optional(q.ReasonCode),
		Merchant: optional(f.MerchantKey), MerchantName: optional(f.Merchant), Currency: optional(f.Currency),
		Rail: optional(f.Rail), Since: optional(f.From), Until: optional(f.To)}
	if p.Agents == nil {
		p.Agents = []uuid.UUID{}
	}
	if f.Status != "" {
		p.Statuses = append(p.Statuses, string(f.Status))
	}
	for _, s := range q.Statuses {
		p.Statuses = append(p.Statuses, string(s))
	}
	text := strings.Join(strings.Fields(q.Text), " ")
	if low, high, ok := idsThatBegin(text); ok {
		first, beyond = later(first, low), sooner(beyond, high)
	} else if text != "" {
		p.Looked = maxTextLooked
		pattern := "%" + likeEscape.Replace(text) + "%"
		p.Pattern = &pattern
		if strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
			p.Pattern, p.WidePattern = nil, &pattern
		}
	}
	p.First, p.Before = first, sooner(before, beyond)
	return p
}

// likeEscape takes away the meaning that some characters have in a pattern.
var likeEscape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// idsThatBegin are the first authorization's id that begins with the text, and
// the first after all that do.
func idsThatBegin(text string) (low, high uuid.UUID, ok bool) {
	const prefix, digits = string(ident.Authorization) + "_", 26
	begun, ok := strings.CutPrefix(strings.ToLower(text), prefix)
	if !ok || begun == "" || len(begun) > digits {
		return low, high, false
	}
	low, ok = ident.Parse(ident.Authorization, prefix+begun+strings.Repeat("0", digits-len(begun)))
	if !ok {
		return low, high, false
	}
	high, ok = ident.Parse(ident.Authorization, prefix+begun+strings.Repeat("z", digits-len(begun)))
	for i := len(high) - 1; i >= 0; i-- {
		if high[i]++; high[i] != 0 {
			return low, high, ok
		}
	}
	return low, afterAll, ok
}

func later(a, b uuid.UUID) uuid.UUID {
	if string(a[:]) > string(b[:]) {
		return a
	}
	return b
}

func sooner(a, b uuid.UUID) uuid.UUID {
	if string(a[:]) < string(b[:]) {
		return a
	}
	return b
}
