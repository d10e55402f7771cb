package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// issuer is a server with a door for a card network, and a company in test mode.
type issuer struct {
	t       *testing.T
	network string
	owner   caller // of its company, in test mode
	key     caller
	card    map[string]any
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{t: t, network: "127.0.0.1:" + freePort(t)}
	server := start(t, "SIGNING_ALG=ES256", "CARD_NETWORK_ADDR="+i.network)
	i.owner = signUp(t, server.url)
	made, err := i.owner.try("POST", "/v1/api-keys", `{"name":"k","mode":"test","scopes":["admin"]}`, "X-Mode", "test")
	if err != nil || made.status != 201 {
		t.Fatal(err, string(made.body))
	}
	i.key = i.owner
	i.key.header = [2]string{"X-API-Key", made.field(t, "key")}
	i.key.must("POST", "/v1/agents", `{"handle":"procurement-bot","name":"Bot"}`)
	i.key.must("POST", "/v1/policies", `{"name":"P","rules":[{"type":"transaction_limit","amount":100,"currency":"eur"},
		{"type":"approval_threshold","amount":50,"currency":"eur"},{"type":"limit","period":"month","amount":500,"currency":"eur"}]}`)
	if err := json.Unmarshal(i.key.must("POST", "/v1/cards", `{"amount":200,"currency":"eur","agent":"procurement-bot"}`).body, &i.card); err != nil {
		t.Fatal(err)
	}
	return i
}

// books is the card's balance and what it holds. All accounts have to balance.
func (i *issuer) books() string {
	i.t.Helper()
	if trial := string(i.key.must("GET", "/v1/ledger/trial-balance", "").body); !strings.Contains(trial, `"balanced":true`) {
		i.t.Errorf("the books do not balance: %s", trial)
	}
	var card struct{ Balance, Held json.Number }
	if err := json.Unmarshal(i.key.must("GET", fmt.Sprint("/v1/cards/", i.card["id"]), "").body, &card); err != nil {
		i.t.Fatal(err)
	}
	return fmt.Sprintf("%s held %s", card.Balance, card.Held)
}

// approve has the owner approve what waits.
func (i *issuer) approve() {
	i.t.Helper()
	var list struct{ Data []struct{ ID string } }
	if err := json.Unmarshal(i.key.must("GET", "/v1/authorizations?status=held", "").body, &list); err != nil || len(list.Data) != 1 {
		i.t.Fatal(err, list)
	}
	var held struct{ Approval struct{ ID string } }
	if err := json.Unmarshal(i.key.must("GET", "/v1/authorize/"+list.Data[0].ID, "").body, &held); err != nil {
		i.t.Fatal(err)
	}
	if a, err := i.owner.try("POST", "/v1/approvals/"+held.Approval.ID+"/approve", "{}", "X-Mode", "test"); err != nil || a.status != 200 {
		i.t.Fatal(err, string(a.body))
	}
}

// peer is an acquirer: another program, which knows nothing of this one but the
// address.
type peer struct {
	t       testing.TB
	say     io.Writer
	answers *bufio.Scanner
}

func newPeer(t testing.TB, args ...string) *peer {
	t.Helper()
	program := filepath.Join(t.TempDir(), "acquirer")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", program, "github.com/getpurser/purser/internal/rails/cards/iso8583/acquirer").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	running := exec.Command(program, args...)
	in, inErr := running.StdinPipe()
	out, outErr := running.StdoutPipe()
	running.Stderr = os.Stderr
	if err := running.Start(); err != nil || inErr != nil || outErr != nil {
		t.Fatal(err, inErr, outErr)
	}
	t.Cleanup(func() {
		_ = in.Close() // which ends it
		if err := running.Wait(); err != nil {
			t.Error(err)
		}
	})
	return &peer{t: t, say: in, answers: bufio.NewScanner(out)}
}

// told is what the acquirer has to say of a command.
type told struct {
	Trace, Type, Code, Why, Approval, Error string
	Approved                                bool
	StoodIn                                 bool `json:"stood_in"`
	Undelivered                             int
}

func (p *peer) do(command map[string]any) (out told) {
	p.t.Helper()
	line, err := json.Marshal(command)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(p.say, "%s\n", line); err != nil || !p.answers.Scan() {
		p.t.Fatal(err, p.answers.Err())
	}
	if err := json.Unmarshal(p.answers.Bytes(), &out); err != nil || out.Error != "" {
		p.t.Fatalf("%v: %s", err, p.answers.Bytes())
	}
	return out
}

// TestCardNetwork has an acquirer of its own process play the table of
// decisions, captures, refunds and reversals over ISO 8583.
func TestCardNetwork(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	p := newPeer(t, "-addr", i.network, "-timeout", "10s", "-floor", "1500")
	sale := func(cents int, more ...any) map[string]any {
		out := map[string]any{"do": "authorize", "pan": i.card["pan"], "cvv": i.card["cvv"], "currency": "eur", "amount": cents,
			"expiry":   fmt.Sprintf("%02.0f%02.0f", i.card["exp_year"].(float64)-2000, i.card["exp_month"]),
			"merchant": "AWS", "mcc": "7372", "country": "US"}
		for k := 0; k < len(more); k += 2 {
			out[more[k].(string)] = more[k+1]
		}
		return out
	}
	named := map[string]string{} // traces by a name of ours
	about := func(do, name string, more ...any) map[string]any {
		out := map[string]any{"do": do, "about": named[name]}
		for k := 0; k < len(more); k += 2 {
			out[more[k].(string)] = more[k+1]
		}
		return out
	}
	for _, step := range []struct {
		name          string
		do            func() map[string]any
		before        func()
		answer, books string
	}{
		{"an echo", func() map[string]any { return map[string]any{"do": "echo"} }, nil, "0810 00", "200.00 held 0.00"},
		{"within the policy", func() map[string]any { return sale(4000) }, nil, "0110 00", "160.00 held 40.00"},
		{"the same message again", func() map[string]any { return about("repeat", "within the policy") }, nil, "0110 00", "160.00 held 40.00"},
		{"above it", func() map[string]any { return sale(12000) }, nil, "0110 61 transaction_limit", "160.00 held 40.00"},
		{"for people", func() map[string]any { return sale(8000) }, nil, "0110 01 approval_required", "160.00 held 40.00"},
		{"retried once approved", func() map[string]any { return sale(8000) }, i.approve, "0110 00", "80.00 held 120.00"},
		{"a wrong code", func() map[string]any { return sale(100, "cvv", "abc") }, nil, "0110 N7 wrong_cvv", "80.00 held 120.00"},
		{"a wrong expiry", func() map[string]any { return sale(100, "expiry", "4901") }, nil, "0110 54 wrong_expiry", "80.00 held 120.00"},
		{"no card of ours", func() map[string]any { return sale(100, "pan", "4242424242424242") }, nil, "0110 14", "80.00 held 120.00"},
		{"another currency", func() map[string]any { return sale(100, "currency", "usd") }, nil, "0110 57 currency_mismatch", "80.00 held 120.00"},
		{"another sale", func() map[string]any { return sale(4999, "merchant", "GCP") }, nil, "0110 00", "30.01 held 169.99"},
		{"its reversal", func() map[string]any { return about("reverse", "another sale") }, nil, "0410 00", "80.00 held 120.00"},
		{"its reversal again", func() map[string]any { return about("repeat", "its reversal") }, nil, "0410 00", "80.00 held 120.00"},
		{"a reversal after it", func() map[string]any { return about("reverse", "another sale") }, nil, "0410 12 authorization_voided", "80.00 held 120.00"},
		{"a capture after it", func() map[string]any { return about("capture", "another sale") }, nil, "0230 12 authorization_voided", "80.00 held 120.00"},
		{"the first of two captures", func() map[string]any { return about("capture", "within the policy", "amount", 1500, "more", true) }, nil, "0230 00", "80.00 held 105.00"},
		{"a partial reversal", func() map[string]any { return about("reverse", "within the policy", "kept", 2000) }, nil, "0410 00", "100.00 held 85.00"},
		{"the second capture", func() map[string]any { return about("capture", "within the policy", "amount", 500) }, nil, "0230 00", "100.00 held 80.00"},
		{"a capture with a tip", func() map[string]any { return about("capture", "retried once approved", "amount", 8500) }, nil, "0230 00", "95.00 held 0.00"},
		{"a refund", func() map[string]any { return about("refund", "retried once approved", "amount", 1000) }, nil, "0230 00", "105.00 held 0.00"},
		{"its repeat", func() map[string]any { return about("repeat", "a refund") }, nil, "0230 00", "105.00 held 0.00"},
		{"a refund above the capture", func() map[string]any { return about("refund", "retried once approved", "amount", 8000) }, nil, "0230 13 refund_above_capture", "105.00 held 0.00"},
		{"a refund of a decline", func() map[string]any { return about("refund", "above it", "amount", 100) }, nil, "0230 25", "105.00 held 0.00"},
		{"a frozen card", func() map[string]any { return sale(100) }, func() { i.key.must("POST", fmt.Sprint("/v1/cards/", i.card["id"], "/freeze"), "") }, "0110 62 card_frozen", "105.00 held 0.00"},
	} {
		if step.before != nil {
			step.before()
		}
		got := p.do(step.do())
		named[step.name] = got.Trace
		if answer := strings.TrimSpace(got.Type + " " + got.Code + " " + got.Why); answer != step.answer {
			t.Errorf("%s: answered %q, not %q", step.name, answer, step.answer)
		}
		if books := i.books(); books != step.books {
			t.Errorf("%s: the card has %s, not %s", step.name, books, step.books)
		}
	}
	i.key.must("POST", fmt.Sprint("/v1/cards/", i.card["id"], "/unfreeze"), "")
	i.standsIn(p, sale)
	i.key.must("DELETE", fmt.Sprint("/v1/cards/", i.card["id"]), "")
	if got := p.do(sale(100)); got.Code != "78" {
		t.Errorf("a canceled card: %+v", got)
	}
}

// standsIn cuts the line before the answer: the acquirer approves by itself,
// takes back what we may have approved, and then tells us of its own approval.
func (i *issuer) standsIn(p *peer, sale func(int, ...any) map[string]any) {
	i.t.Helper()
	if got := p.do(sale(1400, "deaf", true)); !got.Approved || !got.StoodIn || got.Undelivered != 2 {
		i.t.Errorf("a small amount: %+v", got)
	}
	if got := p.do(sale(1600, "deaf", true)); got.Approved || got.StoodIn || got.Undelivered != 3 {
		i.t.Errorf("an amount above the floor: %+v", got)
	}
	if got := p.do(map[string]any{"do": "forward"}); got.Undelivered != 0 {
		i.t.Errorf("%+v", got)
	}
	if books := i.books(); books != "91.00 held 0.00" {
		i.t.Errorf("after standing in, the card has %s", books)
	}
}
