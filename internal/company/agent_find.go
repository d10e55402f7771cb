package company

import (
	"context"
	"strings"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// FindAgents lists agents whose handle, name or description contains a text, in
// any case, newest first; of the statuses given, or those that are not deleted.
func (s *Service) FindAgents(ctx context.Context, t ident.Tenant, text string, page Page, statuses ...AgentStatus) ([]Agent, error) {
	if text = strings.TrimSpace(text); text == "" {
		return s.Agents(ctx, t, page, statuses...)
	}
	if len(statuses) == 0 {
		statuses = []AgentStatus{AgentActive, AgentFrozen}
	}
	names := make([]string, len(statuses))
	for i, status := range statuses {
		names[i] = string(status)
	}
	rows, err := db.New(s.pool).AgentFind(ctx, db.AgentFindParams{CompanyID: t.Company, Live: t.Live, Statuses: names,
		Before: page.Before, Pattern: "%" + likeEscape.Replace(text) + "%", MaxRows: int32(page.Limit)})
	if err != nil {
		return nil, err
	}
	return agentsOf(rows)
}

// likeEscape takes away the meaning that some characters have in a pattern.
var likeEscape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// CountAgents says how many agents there are of each status.
func (s *Service) CountAgents(ctx context.Context, t ident.Tenant) (map[AgentStatus]int, error) {
	rows, err := db.New(s.pool).AgentCounts(ctx, t.Company, t.Live)
	out := make(map[AgentStatus]int, len(rows))
	for _, r := range rows {
		out[AgentStatus(r.Status)] = int(r.N)
	}
	return out, err
}
