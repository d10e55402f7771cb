package company

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/money"
)

func companyOf(r db.CompanyGetRow) Company {
	c := r.Company
	return Company{ID: c.CompanyID, Name: c.Name, Currency: money.Currency(c.Currency), TimeZone: c.TimeZone,
		ApprovalTimeout: time.Duration(c.ApprovalTimeout) * time.Second, TokenAudience: c.TokenAudience,
		RequireRedemption: c.RequireRedemption, Version: int(c.Version), FrozenAt: r.FrozenAt,
		CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt}
}

func memberOf(r db.Member) Member {
	return Member{ID: r.MemberID, Company: r.CompanyID, Person: r.PersonID, Email: r.Email,
		Role: Role(r.Role), Status: MemberStatus(r.Status), CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
}

func membersOf(rows []db.Member) []Member {
	out := make([]Member, len(rows))
	for i, r := range rows {
		out[i] = memberOf(r)
	}
	return out
}

func agentOf(r db.Agent) (Agent, error) {
	a := Agent{ID: r.AgentID, Handle: r.Handle, Name: r.Name, Description: r.Description,
		Status: AgentStatus(r.Status), CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
	if err := json.Unmarshal(r.Metadata, &a.Metadata); err != nil {
		return Agent{}, fmt.Errorf("metadata of agent %s: %w", r.AgentID, err)
	}
	return a, nil
}

func agentsOf(rows []db.Agent) ([]Agent, error) {
	out := make([]Agent, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = agentOf(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}
