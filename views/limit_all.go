package views

import (
	"slices"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
)

// AllLimits are the limits of many agents, the fullest first; one that agents
// share is there once.
func AllLimits(rooms map[uuid.UUID][]policy.Headroom, handles map[uuid.UUID]string, policies map[uuid.UUID]policy.Policy) []LimitRow {
	var rows []LimitRow
	shared := map[policy.RuleRef]int{}
	for agent, of := range rooms {
		for _, l := range LimitsOf(agent, handleOf(agent, handles), of, policies) {
			if l.Agent == uuid.Nil {
				rule := policy.RuleRef{Policy: l.LimitState.Policy, Version: l.Version, Index: l.Index}
				if at, known := shared[rule]; known {
					rows[at].Binds = rows[at].Binds || l.Binds
					continue
				}
				shared[rule] = len(rows)
			}
			rows = append(rows, l)
		}
	}
	slices.SortFunc(rows, Fuller)
	return rows
}

// Together is what limits allow together: the tightest of each agent, added up.
type Together struct {
	Currency money.Currency
	Period   meter.Period
	Agents   int
	// Limit is in minor units.
	Limit int64
}

// AddLimits adds up the agents' own limits of a period and currency.
func AddLimits(rows []LimitRow, p meter.Period, c money.Currency) Together {
	tightest := map[uuid.UUID]int64{}
	for _, l := range rows {
		if l.Agent == uuid.Nil || l.Period != p || l.Currency != c {
			continue
		}
		if known, ok := tightest[l.Agent]; !ok || l.Limit < known {
			tightest[l.Agent] = l.Limit
		}
	}
	out := Together{Currency: c, Period: p, Agents: len(tightest)}
	for _, limit := range tightest {
		out.Limit, _ = money.AddMinor(out.Limit, limit)
	}
	return out
}

// Shared is the fullest limit of a period and currency that all agents share;
// nil without one.
func Shared(rows []LimitRow, p meter.Period, c money.Currency) *LimitRow {
	for i, l := range rows {
		if l.Per == policy.PerCompany && len(l.Covered) == 0 && l.Period == p && l.Currency == c {
			return &rows[i]
		}
	}
	return nil
}
