package demo

import (
	"time"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// The turns of the story, after the founding.
const (
	drill   = 50*day + 6*time.Hour  // the company is frozen to see that it works
	retired = 57*day + 5*time.Hour  // the print agent is deleted
	runaway = 79*day + 14*time.Hour // the trial agent loops, and is frozen
)

// turn plans what happened once.
func (s *story) turn() {
	owner, admin := s.members[0], s.members[1]
	freeze := func(frozen bool, kind string) func() error {
		return func() error {
			s.past.Freeze(frozen)
			s.past.Tell(owner.actor(s), audit.Event{Type: kind, Subject: ident.Format(ident.Company, s.tenant.Company)})
			return nil
		}
	}
	s.after(drill, freeze(true, "company.frozen"))
	s.after(drill+40*time.Minute, freeze(false, "company.unfrozen"))
	for i := range 5 { // there is always somebody who tries
		s.after(drill+time.Duration(3+7*i)*time.Minute, func() error { return s.shopping(s.agents[research]) })
	}
	s.after(retired, func() error {
		a := s.agents[printer]
		s.put(printer, "deleted", admin)
		a.revoked = s.clock
		s.past.Tell(admin.actor(s), audit.Event{Type: "key.revoked", Agent: &a.id, Subject: ident.Format(ident.Key, a.key)})
		return nil
	})
	for i, o := range mishaps { // what chance may have left out
		s.after(30*day+time.Duration(i)*30*time.Hour+2*time.Hour, func() error {
			a := s.agents[o.handle]
			return o.odd(s, a, s.purchase(a))
		})
	}
	for i := range 64 {
		s.after(runaway+time.Duration(i)*9*time.Second, func() error { return s.shopping(s.agents[trial]) })
	}
	s.after(runaway+11*time.Minute, func() error { s.put(trial, "frozen", admin); return nil })
}

// mishaps are oddities of those whom a rule meets there.
var mishaps = []struct {
	handle string
	odd    oddity
}{
	{procurement, (*story).unsaid}, {support, (*story).inEuro}, {contractor, (*story).tenfold}, {saas, (*story).inYen},
	{travel, (*story).twice}, {ads, (*story).byCrypto}, {saas, swapped(at("Coinbase", "coinbase.com", "6051", "US"))},
	{saas, swapped(at("Yandex Cloud", "cloud.yandex.ru", "7372", "RU"))}, {cloud, swapped(at("Acme Data Resellers", "acme-data.example", "7372", "US"))},
	{supply, swapped(at("Lucky Star Casino", "casino-luckystar.com", "7995", "MT"))},
}

// open plans what waits right now: requests for the inbox, and approved ones
// that their agents have not confirmed yet. Nobody decides them but the reader.
func (s *story) open() {
	travelling := s.want(travel, at("Lufthansa", "lufthansa.com", "3008", "DE"), 118640, "eur", "Flights to the trade fair in Lisbon, 4 people")
	for _, ago := range []time.Duration{26 * time.Minute, 25*time.Minute + 20*time.Second, 21 * time.Minute, 14 * time.Minute} {
		s.ago(ago, travelling) // it asks again and again, once so soon that it is refused
	}
	// The first letter of this name is Cyrillic.
	s.ago(41*time.Minute, s.want(procurement, at("Аmazon Web Services", "aws-billing-support.com", "7372", "US"), 41280, "usd", "Overdue invoice, service suspension tomorrow"))
	s.ago(3*time.Hour, s.want(procurement, at("Dell", "dell.com", "5732", "US"), 234900, "usd", "Laptop for a new engineer, starts Monday"))
	s.ago(110*time.Minute, s.want(supply, at("Kaffeewerk Kreuzberg", "kaffeewerk.example", "5499", "DE"), 8650, "eur", "Espresso beans, subscription trial"))
	s.ago(8*time.Minute, s.want(procurement, at("Notebooksbilliger", "notebooksbilliger.de", "5732", "DE"), 109900, "eur", "Replacement for a broken laptop"))
	s.offsite()
	s.ago(35*time.Minute, s.want(travel, at("Deutsche Bahn", "bahn.de", "4112", "DE"), 12990, "eur", "Customer visit Hamburg"))
	s.ago(22*time.Minute, s.want(procurement, at("CDW", "cdw.com", "5045", "US"), 8420, "usd", "Cables for the meeting rooms"))
	s.ago(12*time.Minute, s.want(event, at("Vistaprint", "vistaprint.de", "2741", "DE"), 24300, "eur", "Badges for the meetup"))
}

// offsite is large enough to need two people, and one has agreed.
func (s *story) offsite() {
	w := s.want(travel, at("Booking.com", "booking.com", "4722", "NL"), 345000, "eur", "Rooms for the offsite, 14 people, 2 nights")
	s.when(s.now.Add(-5*time.Hour), func() error {
		made, err := s.past.Authorize(s.keyOf(w.agent), w.request)
		if err == nil && made.Status == spend.Held {
			s.vote(s.now.Add(-3*time.Hour), w.agent, made, s.members[2], spend.ForApproval, nil, "Good price for the season")
		}
		return err
	})
}

// wish is a request whose hold lasts long enough to be looked at.
type wish struct {
	agent   *agent
	request spend.Request
}

func (s *story) want(handle string, m policy.Merchant, minor int64, c money.Currency, purpose string) wish {
	a := s.agents[handle]
	return wish{a, spend.Request{Agent: a.id, Amount: money.Of(minor, c), Merchant: m, Purpose: purpose, Rail: "api",
		Capture: spend.Explicit, ExpiresIn: 3 * day, Metadata: map[string]string{"team": a.team}}}
}

// ago makes a request that nobody follows up.
func (s *story) ago(d time.Duration, w wish) {
	s.when(s.now.Add(-d), func() error {
		w.agent.used = s.clock
		_, err := s.past.Authorize(s.keyOf(w.agent), w.request)
		return err
	})
}
