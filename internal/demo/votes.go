package demo

import (
	"errors"
	"time"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/spend"
)

var (
	agreed  = []string{"", "", "Fine with me", "In the budget", "Checked with the team", "Please use the framework contract next time", "OK, needed this week"}
	refused = []string{"Not this quarter", "We have this already", "Too expensive, look for another offer", "I do not know this merchant", "Ask again with a purpose"}
)

// deliberate plans what people say about a held request. Sometimes nobody says
// anything, and its time runs out.
func (s *story) deliberate(a *agent, made *spend.Authorization) {
	mood := s.random.IntN(100)
	at := s.clock
	for i, m := range s.voters() {
		at = s.awake(at.Add(s.between(2*time.Minute, 50*time.Minute) * time.Duration(1+s.random.IntN(4))))
		switch {
		case mood < 9:
			return
		case mood < 21:
			s.vote(at, a, made, m, spend.Against, nil, pick(s, refused))
		case mood < 27 && i == 0:
			less := money.Number(made.Money(max(1, made.Amount*(60+s.random.Int64N(35))/100)).Decimal())
			s.vote(at, a, made, m, spend.ForApproval, &less, "Approved up to this amount")
		default:
			s.vote(at, a, made, m, spend.ForApproval, nil, pick(s, agreed))
		}
	}
}

// voters are those who may decide, in the order in which they look.
func (s *story) voters() []*member {
	all := make([]*member, 0, len(s.members))
	for _, i := range s.random.Perm(len(s.members)) {
		if s.members[i].role != "viewer" {
			all = append(all, s.members[i])
		}
	}
	return all
}

// awake moves an instant of the night to the next morning.
func (s *story) awake(at time.Time) time.Time {
	local := at.In(s.zone)
	y, m, d := local.Date()
	switch {
	case local.Hour() < 8:
		return time.Date(y, m, d, 8, 10, 0, 0, s.zone).Add(s.between(0, 80*time.Minute))
	case local.Hour() >= 20:
		return time.Date(y, m, d+1, 8, 10, 0, 0, s.zone).Add(s.between(0, 80*time.Minute))
	}
	return at
}

// vote plans one person's word. By then the matter may be settled, a rule may
// forbid it, or the person may not be among the approvers: then the page says
// so, and nothing happens.
func (s *story) vote(at time.Time, a *agent, made *spend.Authorization, m *member, v spend.Verdict, less *money.Number, comment string) {
	s.when(at, func() error {
		if made.Status != spend.Held {
			return nil
		}
		err := s.past.Cast(m.actor(s), spend.Ballot{Approval: made.ApprovalID,
			Voter: spend.Voter{Person: m.personID, Member: m.id}, Verdict: v, Amount: less, Comment: comment})
		if refusal := new(fault.Error); errors.As(err, &refusal) && (refusal.Kind == fault.Conflict || refusal.Kind == fault.Forbidden) {
			return nil
		}
		if err == nil && made.Status == spend.Pending {
			s.finish(a, made)
		}
		return err
	})
}
