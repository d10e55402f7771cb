package messages

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// Choice is whether a member gets a kind of mail in one mode.
type Choice struct {
	Kind Kind
	On   bool
}

// Choices are what a member is mailed in a mode: every kind that concerns the
// role, in the order of Kinds.
func (s *Service) Choices(ctx context.Context, t ident.Tenant, id uuid.UUID, r company.Role) ([]Choice, error) {
	return s.choicesOf(ctx, db.New(s.Pool), t, id, r)
}

func (s *Service) choicesOf(ctx context.Context, q *db.Queries, t ident.Tenant, id uuid.UUID, r company.Role) ([]Choice, error) {
	row, err := q.MessageChoicesGet(ctx, t.Company, t.Live, id)
	if err != nil && !isNone(err) {
		return nil, err
	}
	c := choices{row.Wanted, row.Unwanted}
	var out []Choice
	for _, k := range Kinds() {
		if k.Concerns(r) {
			out = append(out, Choice{k, c.wants(k, r, t.Live)})
		}
	}
	return out, nil
}

// Choose says of some kinds whether a member gets them; the others stay. A kind
// that there is not, or that the role is never sent, is Invalid:
// message_kind_unknown.
func (s *Service) Choose(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, id uuid.UUID, r company.Role, changes map[Kind]bool) ([]Choice, error) {
	q := db.New(tx)
	now, err := s.choicesOf(ctx, q, t, id, r)
	if err != nil {
		return nil, err
	}
	known := 0
	chosen := map[string]any{}
	p := db.MessageChoicesPutParams{CompanyID: t.Company, Live: t.Live, MemberID: id, Wanted: []string{}, Unwanted: []string{}}
	for i := range now {
		if on, changed := changes[now[i].Kind]; changed {
			known++
			now[i].On, chosen[string(now[i].Kind)] = on, on
		}
		if now[i].On {
			p.Wanted = append(p.Wanted, string(now[i].Kind))
		} else {
			p.Unwanted = append(p.Unwanted, string(now[i].Kind))
		}
	}
	if known != len(changes) {
		return nil, fault.BadField("mail", "message_kind_unknown", "There is no such kind of message for your role.")
	}
	if known == 0 {
		return now, nil
	}
	if err := q.MessageChoicesPut(ctx, p); err != nil {
		return nil, err
	}
	return now, audit.Append(ctx, tx, t, by, audit.Event{Type: "member.messages_chosen", Subject: ident.Format(ident.Member, id), Data: chosen})
}
