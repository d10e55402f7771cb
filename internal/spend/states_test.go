package spend_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/spend"
)

// origin is a way into a state. Of one state there are several where what came
// before could matter.
type origin struct {
	name   string
	status spend.Status
	minor  int64
	// held says that it has an approval, redeemed that a processor has it.
	held, redeemed bool
	make           func(*house, uuid.UUID) spend.Result
}

var origins = []origin{
	{"pending", spend.Pending, 4000, false, false, pendingOne},
	{"pending, redeemed", spend.Pending, 4000, false, true, func(h *house, bot uuid.UUID) spend.Result {
		r := pendingOne(h, bot)
		return h.then(r, func() (spend.Result, error) { return h.gate.Redeem(h.t.Context(), h.call(), r.Token) })
	}},
	{"pending, approved for less", spend.Pending, 4000, true, false, func(h *house, bot uuid.UUID) spend.Result {
		r := h.authorize(bot, 6000)
		less := money.Number("40")
		h.then(r, func() (spend.Result, error) { return h.ballot(r.Authorization.ID, spend.ForApproval, &less) })
		return h.then(r, func() (spend.Result, error) { return h.gate.Get(h.t.Context(), h.call(), r.Authorization.ID, 0) })
	}},
	{"held", spend.Held, 6000, true, false, heldOne},
	{"confirmed", spend.Confirmed, 4000, false, false, func(h *house, bot uuid.UUID) spend.Result {
		r := pendingOne(h, bot)
		return h.then(r, func() (spend.Result, error) {
			return h.gate.Confirm(h.t.Context(), h.call(), r.Authorization.ID, nil, "")
		})
	}},
	{"confirmed in part", spend.Confirmed, 4000, false, false, func(h *house, bot uuid.UUID) spend.Result {
		r := h.authorize(bot, 4999)
		part := money.Number("40.00")
		return h.then(r, func() (spend.Result, error) {
			return h.gate.Confirm(h.t.Context(), h.call(), r.Authorization.ID, &part, "")
		})
	}},
	{"captured at once", spend.Confirmed, 4000, false, false, func(h *house, bot uuid.UUID) spend.Result {
		q := ask(bot, 4000)
		q.Capture = spend.Auto
		return h.then(spend.Result{}, func() (spend.Result, error) { return h.gate.Authorize(h.t.Context(), h.call(), q) })
	}},
	{"voided", spend.Voided, 4000, false, false, func(h *house, bot uuid.UUID) spend.Result { return h.voidedOne(pendingOne(h, bot)) }},
	{"voided while held", spend.Voided, 6000, true, false, func(h *house, bot uuid.UUID) spend.Result { return h.voidedOne(heldOne(h, bot)) }},
	{"expired", spend.Expired, 4000, false, false, func(h *house, bot uuid.UUID) spend.Result { return h.expiredOne(pendingOne(h, bot)) }},
	{"expired while held", spend.Expired, 6000, true, false, func(h *house, bot uuid.UUID) spend.Result { return h.expiredOne(heldOne(h, bot)) }},
	{"denied", spend.Denied, 100001, false, false, func(h *house, bot uuid.UUID) spend.Result { return h.authorize(bot, 100001) }},
	{"denied by people", spend.Denied, 6000, true, false, func(h *house, bot uuid.UUID) spend.Result {
		r := heldOne(h, bot)
		return h.then(r, func() (spend.Result, error) { return h.ballot(r.Authorization.ID, spend.Against, nil) })
	}},
}

func pendingOne(h *house, bot uuid.UUID) spend.Result { return h.authorize(bot, 4000) }
func heldOne(h *house, bot uuid.UUID) spend.Result    { return h.authorize(bot, 6000) }

func (h *house) voidedOne(r spend.Result) spend.Result {
	return h.then(r, func() (spend.Result, error) { return h.gate.Void(h.t.Context(), h.call(), r.Authorization.ID, "") })
}

func (h *house) expiredOne(r spend.Result) spend.Result {
	h.endTime(r.Authorization.ID)
	return r
}

func (h *house) endTime(id uuid.UUID) {
	h.exec(`UPDATE authorizations SET expires_at = clock_timestamp() WHERE authorization_id = $1 AND status IN ('pending', 'held')`, id)
}

// then does the next move of an origin, and keeps the token that there was.
func (h *house) then(before spend.Result, move func() (spend.Result, error)) spend.Result {
	h.t.Helper()
	r, err := move()
	if err != nil {
		h.t.Fatal(err)
	}
	if r.Token == "" {
		r.Token = before.Token
	}
	return r
}

// ballot is the owner's vote on an authorization; one that was never held has
// no approval.
func (h *house) ballot(authorization uuid.UUID, v spend.Verdict, amount *money.Number) (spend.Result, error) {
	r, err := h.gate.Get(h.t.Context(), h.call(), authorization, 0)
	if err != nil {
		return r, err
	}
	if r.Approval == nil {
		return r, fault.Missing("approval")
	}
	return h.gate.Cast(h.t.Context(), h.call(), spend.Ballot{Approval: r.Approval.ID,
		Voter: spend.Voter{Person: h.person, Member: h.member}, Verdict: v, Amount: amount})
}

// action is something that anybody may try on an authorization.
type action struct {
	name string
	do   func(*house, spend.Result) (spend.Result, error)
}

func confirming(amount string, settles bool) func(*house, spend.Result) (spend.Result, error) {
	return func(h *house, r spend.Result) (spend.Result, error) {
		call := h.call()
		call.Settles = settles
		var n *money.Number
		if amount != "" {
			some := money.Number(amount)
			n = &some
		}
		return h.gate.Confirm(h.t.Context(), call, r.Authorization.ID, n, "")
	}
}

func deciding(v spend.Verdict, amount string) func(*house, spend.Result) (spend.Result, error) {
	return func(h *house, r spend.Result) (spend.Result, error) {
		if amount == "" {
			return h.ballot(r.Authorization.ID, v, nil)
		}
		n := money.Number(amount)
		return h.ballot(r.Authorization.ID, v, &n)
	}
}

var actions = []action{
	{"confirm", confirming("", false)},
	{"confirm as a processor", confirming("", true)},
	{"confirm less", confirming("10.00", false)},
	{"confirm more", confirming("40.01", false)}, // by one unit than what is pending
	{"void", func(h *house, r spend.Result) (spend.Result, error) {
		return h.gate.Void(h.t.Context(), h.call(), r.Authorization.ID, "")
	}},
	{"approve", deciding(spend.ForApproval, "")},
	{"approve less", deciding(spend.ForApproval, "10.00")},
	{"approve more", deciding(spend.ForApproval, "60.01")},
	{"deny", deciding(spend.Against, "")},
	{"redeem", func(h *house, r spend.Result) (spend.Result, error) {
		return h.gate.Redeem(h.t.Context(), h.call(), r.Token)
	}},
	{"let its time end", func(h *house, r spend.Result) (spend.Result, error) {
		h.endTime(r.Authorization.ID)
		return spend.Result{}, nil
	}},
	{"look", func(h *house, r spend.Result) (spend.Result, error) {
		return h.gate.Get(h.t.Context(), h.call(), r.Authorization.ID, 0)
	}},
}

// expected is what the contract says of an action in a state: where it leads,
// with which amount, or the code of its refusal.
func expected(o origin, do string) (status spend.Status, minor int64, code string) {
	const ten = 1000
	open := o.status == spend.Pending || o.status == spend.Held
	switch do {
	case "look":
		return o.status, o.minor, ""
	case "let its time end":
		if open {
			return spend.Expired, o.minor, ""
		}
		return o.status, o.minor, ""
	case "confirm", "confirm as a processor":
		if o.status == spend.Pending && (!o.redeemed || do != "confirm") || o.status == spend.Confirmed {
			return spend.Confirmed, o.minor, ""
		}
	case "confirm less":
		if o.status == spend.Pending && !o.redeemed {
			return spend.Confirmed, ten, ""
		}
	case "confirm more":
		if o.status == spend.Pending && !o.redeemed {
			return o.status, o.minor, "amount_above_hold"
		}
	case "void":
		if open && !o.redeemed || o.status == spend.Voided {
			return spend.Voided, o.minor, ""
		}
	case "redeem":
		if o.status == spend.Held || o.held && o.status != spend.Pending {
			return o.status, o.minor, "invalid_token" // there never was one
		}
		if o.status == spend.Pending && !o.redeemed || o.name == "captured at once" {
			return o.status, o.minor, ""
		}
	default:
		return judged(o, do, ten)
	}
	if o.redeemed {
		return o.status, o.minor, "authorization_redeemed"
	}
	return o.status, o.minor, "authorization_" + string(o.status)
}

// judged is what a vote leads to.
func judged(o origin, do string, less int64) (status spend.Status, minor int64, code string) {
	switch {
	case !o.held:
		return o.status, o.minor, "not_found"
	case o.status != spend.Held:
		return o.status, o.minor, "authorization_" + string(o.status)
	case do == "deny":
		return spend.Denied, o.minor, ""
	case do == "approve less":
		return spend.Pending, less, ""
	case do == "approve more":
		return o.status, o.minor, "amount_above_request"
	}
	return spend.Pending, o.minor, ""
}

// TestEveryMoveFromEveryState tries every action in every state, by every way
// into it, and looks at what is stored after.
func TestEveryMoveFromEveryState(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(`[{"type":"transaction_limit","amount":1000,"currency":"usd"},{"type":"approval_threshold","amount":50,"currency":"usd"},
		{"type":"limit","period":"month","amount":100000,"currency":"usd"},{"type":"limit","period":"day","amount":100000,"currency":"usd","per":"company"}]`)
	bot := h.agent("bot")
	h.knowsEveryState(t)
	for _, o := range origins {
		for _, a := range actions {
			r := o.make(h, bot)
			_, err := a.do(h, r)
			status, minor, code := expected(o, a.name)
			if code == "" && err != nil || code != "" && !fault.Is(err, code) {
				t.Errorf("%s of %s: %v, want %q", a.name, o.name, err, code)
			}
			got, err := h.gate.Get(t.Context(), h.call(), r.Authorization.ID, 0)
			if err != nil || got.Authorization.Status != status || got.Authorization.Amount != minor {
				t.Errorf("%s of %s: %s %d (%v), want %s %d", a.name, o.name, got.Authorization.Status, got.Authorization.Amount, err, status, minor)
			}
			if (got.Token != "") != (status == spend.Pending || status == spend.Denied) {
				t.Errorf("%s of %s: token %q", a.name, o.name, got.Token)
			}
		}
	}
	found, err := h.unbalanced(t.Context())
	if err != nil || len(found) > 0 {
		t.Fatal(found, err)
	}
}

// knowsEveryState fails when the schema has a status that the table has not.
func (h *house) knowsEveryState(t *testing.T) {
	var all []string
	if err := h.pool.QueryRow(t.Context(), `SELECT enum_range(NULL::authorization_status)::text[]`).Scan(&all); err != nil {
		t.Fatal(err)
	}
	var tried []string
	for _, o := range origins {
		if !slices.Contains(tried, string(o.status)) {
			tried = append(tried, string(o.status))
		}
	}
	slices.Sort(all)
	slices.Sort(tried)
	if !slices.Equal(all, tried) || len(all) != 6 {
		t.Fatalf("the table tries %v, and the schema has %v", tried, all)
	}
}
