package demo

import (
	"fmt"
	"time"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// work plans an agent's requests of every day, in the company's zone.
func (s *story) work(a *agent) {
	from := s.founded.Add(a.starts)
	y, m, d := from.In(s.zone).Date()
	for i := 0; ; i++ {
		midnight := time.Date(y, m, d+i, 0, 0, 0, 0, s.zone)
		if midnight.After(s.now) {
			return
		}
		for range s.requestsOn(a, midnight.Weekday()) {
			minute := s.random.IntN(60)
			at := time.Date(y, m, d+i, s.hour(a.rhythm), minute, 0, 0, s.zone).Add(s.between(0, time.Minute))
			if at.After(from) {
				s.when(at, func() error { return s.shopping(a) })
			}
		}
	}
}

// requestsOn is how many requests a day brings, give or take a third.
func (s *story) requestsOn(a *agent, d time.Weekday) int {
	hundredths := a.perDay * 100
	if d == time.Saturday || d == time.Sunday {
		hundredths = a.perDay * a.weekend
	}
	hundredths = hundredths * (67 + s.random.IntN(67)) / 100
	return (hundredths + s.random.IntN(100)) / 100
}

func (s *story) hour(r rhythm) int {
	sum := 0
	for _, w := range r {
		sum += w
	}
	n := s.random.IntN(sum)
	for h, w := range r {
		if n -= w; n < 0 {
			return h
		}
	}
	return 0
}

// shopping is one request as the agent makes it, and now and then an odd one.
func (s *story) shopping(a *agent) error {
	if a.status == "deleted" {
		return nil
	}
	r := s.purchase(a)
	if s.chance(4) {
		return s.odd(a, r)
	}
	_, err := s.ask(a, r)
	return err
}

// purchase is a request to one of the agent's shops.
func (s *story) purchase(a *agent) spend.Request {
	shop := s.shop(a.shops)
	r := spend.Request{Agent: a.id, Amount: money.Of(s.price(shop), shop.currency), Merchant: shop.Merchant,
		Purpose: pick(s, shop.purposes), Rail: "api", Capture: a.capture, ExpiresIn: a.expiresIn,
		Metadata: map[string]string{"team": a.team}}
	switch a.handle {
	case support:
		if s.chance(85) {
			r.Metadata["ticket"] = fmt.Sprintf("SUP-%d", 20000+s.random.IntN(9000))
		}
	case research:
		r.Metadata["run"] = fmt.Sprint(100 + s.random.IntN(800))
	case procurement, supply, contractor:
		r.Metadata["po"] = fmt.Sprint(4000 + s.random.IntN(2000))
	}
	return r
}

func (s *story) shop(all []shop) shop {
	sum := 0
	for _, o := range all {
		sum += o.weight
	}
	n := s.random.IntN(sum)
	for _, o := range all {
		if n -= o.weight; n < 0 {
			return o
		}
	}
	return all[0]
}

// price is mostly near the low end with a long tail, as prices are: three
// independent draws multiplied, in whole minor units throughout.
func (s *story) price(o shop) int64 {
	tail := (o.high - o.low) * s.random.Int64N(1000) / 1000 * s.random.Int64N(1000) / 1000 * (300 + s.random.Int64N(700)) / 1000
	minor := o.low + tail
	switch {
	case minor > 20_000 && s.chance(50):
		return minor / 1000 * 1000
	case minor > 2_000 && s.chance(60):
		return minor/100*100 + 99
	case minor > 2_000 && s.chance(30):
		return minor / 500 * 500
	}
	return minor
}

// ask makes the request and sees to what follows from the answer.
func (s *story) ask(a *agent, r spend.Request) (*spend.Authorization, error) {
	a.used = s.clock
	made, err := s.past.Authorize(s.keyOf(a), r)
	if err != nil {
		return nil, err
	}
	switch made.Status {
	case spend.Pending:
		s.finish(a, made)
	case spend.Held:
		s.deliberate(a, made)
	}
	return made, nil
}

func (s *story) keyOf(a *agent) audit.Actor { return audit.Key(a.key, s.request()) }

var voidReasons = []string{"Out of stock", "Order cancelled by the requester", "Price changed at checkout", "Booked elsewhere"}

// finish plans how an approved request ends: mostly with a confirm, now and
// then for less, and sometimes the agent never comes back.
func (s *story) finish(a *agent, made *spend.Authorization) {
	left := made.ExpiresAt.Sub(s.clock)
	at := s.clock.Add(s.between(2*time.Second, min(left/2, 9*time.Minute)))
	n := s.random.IntN(100)
	s.when(at, func() error {
		switch {
		case made.Status != spend.Pending || n < 4:
			return nil
		case n < 9:
			return s.past.Void(s.keyOf(a), made, pick(s, voidReasons))
		case n < 18:
			less := money.Number(made.Money(max(1, made.Amount*(80+s.random.Int64N(20))/100)).Decimal())
			return s.past.Confirm(s.keyOf(a), made, &less, s.reference())
		}
		return s.past.Confirm(s.keyOf(a), made, nil, s.reference())
	})
}

func (s *story) reference() string { return fmt.Sprintf("ord_%d", 100_000+s.random.IntN(900_000)) }

// oddity is a request as it should not be.
type oddity func(*story, *agent, spend.Request) error

var oddities = []oddity{
	swapped(at("Lucky Star Casino", "casino-luckystar.com", "7995", "MT")),
	swapped(at("Coinbase", "coinbase.com", "6051", "US")),
	swapped(at("Yandex Cloud", "cloud.yandex.ru", "7372", "RU")),
	swapped(at("Acme Data Resellers", "acme-data.example", "7372", "US")),
	swapped(at("", "", "", "")),
	(*story).inYen, (*story).tenfold, (*story).twice, (*story).byCrypto, (*story).unsaid, (*story).inEuro,
}

func (s *story) odd(a *agent, r spend.Request) error { return pick(s, oddities)(s, a, r) }

// swapped pays another merchant than the agent usually does.
func swapped(m policy.Merchant) oddity {
	return func(s *story, a *agent, r spend.Request) error {
		if m.Name != "" {
			r.Merchant = m
		} else {
			r.Merchant.Domain, r.Merchant.MCC = "", "" // the agent forgot to say
		}
		_, err := s.ask(a, r)
		return err
	}
}

func (s *story) inYen(a *agent, r spend.Request) error {
	r.Amount = money.Of(800+s.random.Int64N(40_000), "jpy")
	r.Merchant = at("Rakuten Ichiba", "rakuten.co.jp", "5311", "JP")
	_, err := s.ask(a, r)
	return err
}

func (s *story) inEuro(a *agent, r spend.Request) error {
	r.Amount.Currency = "eur"
	_, err := s.ask(a, r)
	return err
}

// tenfold is a decimal point in the wrong place.
func (s *story) tenfold(a *agent, r spend.Request) error {
	r.Amount.Minor *= 100
	_, err := s.ask(a, r)
	return err
}

// twice is a retry without an Idempotency-Key.
func (s *story) twice(a *agent, r spend.Request) error {
	if _, err := s.ask(a, r); err != nil {
		return err
	}
	s.when(s.clock.Add(s.between(4*time.Second, 70*time.Second)), func() error {
		_, err := s.ask(a, r)
		return err
	})
	return nil
}

func (s *story) byCrypto(a *agent, r spend.Request) error {
	r.Rail = "crypto"
	_, err := s.ask(a, r)
	return err
}

func (s *story) unsaid(a *agent, r spend.Request) error {
	r.Purpose = ""
	_, err := s.ask(a, r)
	return err
}
