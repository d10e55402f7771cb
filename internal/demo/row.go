package demo

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"golang.org/x/crypto/bcrypt"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/policy"
)

// writeCompany stores the company and its people, who may have signed in here
// before.
func writeCompany(ctx context.Context, q *db.Queries, founded time.Time) ([]*member, error) {
	err := q.DemoCompany(ctx, db.DemoCompanyParams{CompanyID: companyID, Name: companyName, Currency: companyCurrency, TimeZone: companyZone, At: founded})
	if err != nil {
		return nil, err
	}
	if err := q.CompanyInsertModes(ctx, companyID); err != nil {
		return nil, err
	}
	var all []*member
	for _, p := range people {
		m := &member{person: p, id: ident.At(founded), joined: founded.Add(p.joins)}
		if m.personID, err = q.DemoPerson(ctx, ident.At(founded), p.email, p.name, founded); err != nil {
			return nil, err
		}
		err := q.DemoMember(ctx, db.DemoMemberParams{CompanyID: companyID, MemberID: m.id, PersonID: &m.personID,
			Email: p.email, Role: p.role, CreatedAt: founded, UpdatedAt: m.joined})
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// write stores what is not the gate's to store.
func (s *story) write(ctx context.Context, q *db.Queries) error {
	nobodys, err := nobodysHash()
	if err != nil {
		return err
	}
	for _, a := range s.agents {
		if err := s.writeAgent(ctx, q, a); err != nil {
			return err
		}
		if err := s.writeKey(ctx, q, a, nobodys); err != nil {
			return err
		}
	}
	for _, w := range s.books {
		if err := s.writePolicy(ctx, q, w); err != nil {
			return err
		}
	}
	return nil
}

func (s *story) writeAgent(ctx context.Context, q *db.Queries, a *agent) error {
	metadata, err := json.Marshal(map[string]string{"team": a.team})
	if err != nil {
		return err
	}
	return q.DemoAgent(ctx, db.DemoAgentParams{CompanyID: s.tenant.Company, Live: s.tenant.Live, AgentID: a.id,
		Handle: a.handle, Name: a.name, Description: a.description, Metadata: metadata, Status: a.status,
		CreatedAt: a.created, UpdatedAt: a.changed})
}

// nobodysHash is of a secret that is forgotten at once.
func nobodysHash() (string, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(rand.Text()), bcrypt.MinCost)
	return string(hash), err
}

func (s *story) writeKey(ctx context.Context, q *db.Queries, a *agent, hash string) error {
	lookup := make([]byte, 32)
	rand.Read(lookup) // never fails (crypto/rand)
	return q.DemoKey(ctx, db.DemoKeyParams{CompanyID: s.tenant.Company, Live: s.tenant.Live, KeyID: a.key,
		Name: a.keyName(), Prefix: a.keyPrefix(s.tenant), Lookup: lookup, BcryptHash: hash, AgentID: &a.id,
		CreatedBy: ident.Format(ident.Member, s.members[0].id), RevokedAt: unlessZero(a.revoked),
		LastUsedAt: unlessZero(a.used), CreatedAt: a.created.Add(time.Minute)})
}

func unlessZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (s *story) writePolicy(ctx context.Context, q *db.Queries, w *written) error {
	rules := make([]json.RawMessage, len(w.versions))
	for i, v := range w.versions {
		var err error
		if rules[i], err = json.Marshal(v.Rules); err != nil {
			return err
		}
	}
	last := w.versions[len(w.versions)-1]
	err := q.DemoPolicy(ctx, db.DemoPolicyParams{CompanyID: s.tenant.Company, Live: s.tenant.Live, PolicyID: w.id,
		Version: int32(last.Version), Name: last.Name, Status: string(last.Status), Agents: covered(last),
		Rules: rules[len(rules)-1], CreatedAt: last.CreatedAt, UpdatedAt: last.UpdatedAt})
	if err != nil {
		return err
	}
	for i, v := range w.versions {
		err := q.DemoPolicyVersion(ctx, db.DemoPolicyVersionParams{CompanyID: s.tenant.Company, Live: s.tenant.Live, PolicyID: w.id,
			Version: int32(v.Version), Name: v.Name, Status: string(v.Status), Agents: covered(v), Rules: rules[i],
			WrittenBy: ident.Format(ident.Member, s.members[0].id), CreatedAt: v.UpdatedAt})
		if err != nil {
			return err
		}
	}
	return nil
}

// covered is never nil, which would be stored as NULL.
func covered(p policy.Policy) []uuid.UUID { return append([]uuid.UUID{}, p.Agents...) }
