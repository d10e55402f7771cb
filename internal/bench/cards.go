package main

import (
	"context"
	"fmt"
	"strings"
)

// The cases of the section cards: a swipe, and what an agent asks for itself
// under the same rules.
const (
	swipes       = "card decision, many cards"
	besideSwipes = "authorize, the agents of the cards"
)

// carded is how many agents have a card, one each.
const carded = 200

// loaded is what is on a card, in major units: more than a run spends.
const loaded = 1_000_000

const swiped = `{"amount":1.25,"currency":"usd",` + merchant + `}`

var (
	sayTaken  = []byte(`"approved":true`)
	sayPaidOf = []byte(`"network_code":"00"`)
)

// cards is the section of swipes: the gate's decision together with the card's
// own, and with the hold in the ledger, in one transaction.
func (b *bench) cards(ctx context.Context) error {
	s := &server{algorithm: es, binary: b.binary, dir: b.cluster.dir + "/cards", world: &world{}}
	var err error
	if s.ownerURL, s.dbURL, err = b.cluster.database(ctx, "purser_cards"); err != nil {
		return err
	}
	b.servers = append(b.servers, s)
	if err := s.start(ctx); err != nil {
		return err
	}
	t, ids, err := s.issue(ctx)
	if err != nil {
		return err
	}
	if err := s.warm(ctx, t, ids); err != nil {
		return err
	}
	for _, n := range b.Connections {
		b.serve(besideSwipes, s, n, s.authorizing(t, spread(len(ids))))
		b.serve(swipes, s, n, s.swiping(t, ids))
	}
	return nil
}

// issue makes a company whose agents have cards, in test mode: there is no
// network to be asked in live mode.
func (s *server) issue(ctx context.Context) (*tenant, []string, error) {
	p, err := s.signUp(ctx, "carded")
	if err != nil {
		return nil, nil, err
	}
	p.test = true
	t := &tenant{agents: carded}
	p.keys(t, "test", `"spend","read","admin"`)
	for _, policy := range []string{everyone, budgets} {
		p.must("POST", "/v1/policies", policy, nil)
	}
	p.must("POST", "/v1/sandbox/top-ups", fmt.Sprintf(`{"amount":%d,"currency":"usd"}`, carded*loaded), nil)
	var ids []string
	for i := range carded {
		handle := fmt.Sprintf("bot-%05d", i+1)
		var card struct{ ID string }
		p.must("POST", "/v1/agents", fmt.Sprintf(`{"handle":%q,"name":"Bot"}`, handle), nil)
		p.must("POST", "/v1/cards", fmt.Sprintf(`{"amount":%d,"currency":"usd","agent":%q}`, loaded, handle), &card)
		ids = append(ids, card.ID)
	}
	return t, ids, p.err
}

// warm does a little of both, and gives PostgreSQL's planner its numbers, which
// come by themselves within a minute otherwise.
func (s *server) warm(ctx context.Context, t *tenant, ids []string) error {
	for _, does := range []maker{s.authorizing(t, spread(len(ids))), s.swiping(t, ids)} {
		if err := times(s.address, 4, 2*len(ids), does); err != nil {
			return err
		}
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	_, err := s.db.Exec(ctx, "VACUUM ANALYZE")
	return err
}

// swiping has a card network ask about any of the cards.
func (s *server) swiping(t *tenant, ids []string) maker {
	return func(c *conn, client int) op {
		requests, dice := make([]request, len(ids)), dice(client)
		for i, id := range ids {
			requests[i] = newRequest(t.secret(client), "POST", "/v1/sandbox/cards/"+id+"/authorize", swiped)
		}
		return func() error {
			r := requests[dice.IntN(len(requests))]
			r.fresh(&s.tally.keys)
			a, err := c.ask(r.text)
			if err = expect(a, err, sayTaken, sayPaidOf); err == nil {
				s.tally.approved.Add(1)
			}
			return err
		}
	}
}

func (r *report) cardTable(b *strings.Builder) {
	cells := r.cells("cards")
	if len(cells) == 0 {
		return
	}
	fmt.Fprintf(b, "A swipe of a card and what the same agents ask for themselves, in turn: %d cards in test mode, one an agent. A swipe is decided by the card and the "+
		"policies and held on the card in the ledger, in one transaction.\n\n", carded)
	b.WriteString("| connections | authorize, per second | swipes, per second | ÷ authorize | authorize, p50 ms | swipe, p50 ms | authorize, p99 ms | swipe, p99 ms |\n|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, c := range cells {
		if c.Case != swipes {
			continue
		}
		plain := r.results.cell(besideSwipes, c.Algorithm, c.Connections, 0)
		relative, _ := r.results.ratio(c, plain, rate)
		fmt.Fprintf(b, "| %d | %s | %s | %s | %s | %s | %s | %s |\n", c.Connections, r.results.of(plain, rate).text(0), r.results.of(c, rate).text(0), relative.text(2),
			r.results.of(plain, p50).text(2), r.results.of(c, p50).text(2), r.results.of(plain, p99).text(2), r.results.of(c, p99).text(2))
	}
	b.WriteString("\n")
}
