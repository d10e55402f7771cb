package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// buyer is a desk in test mode with an agent that may spend up to 500 usd, and
// asks people above 100.
func buyer(t *testing.T, d *desk) (*desk, string) {
	t.Helper()
	d.must(exitDone, "agents", "create", "buyer", "Buyer")
	d.must(exitDone, "policies", "create", d.file(policyDocument))
	d.env["PURSER_AGENT"] = "buyer"
	return d, filepath.Join(t.TempDir(), "signed")
}

func walletThat(how, counter string) string {
	return "--wallet=" + os.Args[0] + " as-wallet " + how + " " + counter
}

// last is the newest authorization, as it is now.
func (d *desk) last() map[string]any {
	d.t.Helper()
	all := d.read(exitDone, "authorizations", "list", "--limit=1")["data"].([]any)
	if len(all) == 0 {
		return map[string]any{}
	}
	return all[0].(map[string]any)
}

func TestPayOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	d, counter := buyer(t, owner(t, "pay@example.com"))
	if out := d.must(exitDone, "pay", s.URL+"/report?key=secret", walletThat("honest", counter)); out != theReport {
		t.Errorf("it printed %q", out)
	}
	a := d.last()
	if a["status"] != "confirmed" || a["amount"] != 0.01 || a["currency"] != "usd" || !strings.HasPrefix(a["reference"].(string), "0x") || s.transfers() != 1 {
		t.Errorf("%d transfers, %v", s.transfers(), a)
	}
	m := a["metadata"].(map[string]any)
	if m["x402_amount"] != "10000" || m["x402_network"] != testChain || m["x402_pay_to"] != payee || strings.Contains(a["purpose"].(string), "secret") {
		t.Errorf("%v %v", m, a["purpose"])
	}
	if left, _ := filepath.Glob(filepath.Join(d.env["PURSER_CONFIG_DIR"], "payments", "*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	told, err := os.ReadFile(counter)
	if err != nil || !strings.Contains(string(told), `"payTo":"`+payee+`"`) || !strings.Contains(string(told), `"token":"ey`) || strings.Contains(string(told), "ag_test") {
		t.Errorf("the wallet was told %s", told)
	}
}

// TestPayWhatIsFree asks nobody, and does not go where it is sent.
func TestPayWhatIsFree(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	d, counter := buyer(t, owner(t, "free@example.com"))
	s.unpaid = func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		_, _ = w.Write([]byte(r.Method + " " + r.Header.Get("X-Kind") + " " + body.String()))
	}
	if out := d.must(exitDone, "pay", s.URL, "-H", "X-Kind: daily", "-d", `{"q":1}`); out != `POST daily {"q":1}` {
		t.Errorf("%q", out)
	}
	s.unpaid = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.1:1/elsewhere", http.StatusTemporaryRedirect)
	}
	d.must(exitRefused, "pay", s.URL, walletThat("honest", counter))
	s.unpaid = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }
	d.must(exitFailed, "pay", s.URL, walletThat("honest", counter))
	s.unpaid = func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusPaymentRequired)
		_, _ = w.Write([]byte(`{"x402Version":1,"accepts":[{"scheme":"exact","network":"base","maxAmountRequired":"10000"}]}`))
	}
	if _, _, problems := d.purser("pay", s.URL, walletThat("honest", counter)); !strings.Contains(problems, "version 1 of x402") {
		t.Errorf("%s", problems)
	}
	d.must(exitAway, "pay", "http://127.0.0.1:1/")
	d.must(exitRefused, "pay", "ftp://example.com/")
	if a := d.last(); a["id"] != nil {
		t.Errorf("something was authorized: %v", a)
	}
}

// TestPaySelects keeps to what the flags allow.
func TestPaySelects(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	d, counter := buyer(t, owner(t, "selects@example.com"))
	for _, flags := range [][]string{{"--max=0.0099"}, {"--network=eip155:8453"}, {"--asset=EURC"}, {"--max=abc"}} {
		d.must(exitRefused, append([]string{"pay", s.URL, walletThat("honest", counter)}, flags...)...)
	}
	if a := d.last(); a["id"] != nil {
		t.Errorf("something was authorized: %v", a)
	}
	d.must(exitDone, "pay", s.URL, walletThat("honest", counter), "--max=0.01", "--network="+testChain, "--asset=usdc")
	s.offer["amount"] = "10001" // no cents: rounded up
	d.must(exitDone, "pay", s.URL, walletThat("honest", counter))
	if a := d.last(); a["amount"] != 0.02 {
		t.Errorf("0.010001 was authorized as %v", a["amount"])
	}
	s.offer["network"], s.offer["asset"] = "eip155:8453", liveUSDC
	d.must(exitDenied, "pay", s.URL, walletThat("honest", counter)) // real money on a decision of test mode
	if a := d.last(); a["status"] != "voided" || s.transfers() != 2 {
		t.Errorf("%v after %d transfers", a["status"], s.transfers())
	}
	s.offer["asset"] = thief
	d.must(exitRefused, "pay", s.URL, walletThat("honest", counter))
}

// TestPayDecisions end before anything is signed.
func TestPayDecisions(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	d, counter := buyer(t, owner(t, "decisions@example.com"))
	s.offer["amount"] = "600000000"
	d.must(exitDenied, "pay", s.URL, walletThat("honest", counter))
	s.offer["amount"] = "150000000"
	held := d.must(exitHeld, "pay", s.URL, walletThat("honest", counter), "--json", "--output="+filepath.Join(t.TempDir(), "out"))
	d.must(exitHeld, "pay", s.URL, walletThat("honest", counter))
	if id := d.last()["id"].(string); !strings.Contains(held, id) {
		t.Errorf("a repeat asked again: %s is not in %s", id, held)
	}
	s.offer["amount"] = "20000"
	d.must(exitUnpaid, "pay", s.URL)
	if a := d.last(); a["status"] != "pending" || s.transfers() != 0 {
		t.Errorf("without a wallet: %v", a)
	}
	id := d.last()["id"]
	if d.must(exitDone, "pay", s.URL, walletThat("honest", counter)); d.last()["id"] != id || d.last()["status"] != "confirmed" {
		t.Errorf("with a wallet: %v", d.last())
	}
	if all := d.read(exitDone, "authorizations", "list", "--status=held")["data"].([]any); len(all) != 0 {
		t.Errorf("what is not asked for any more is still held: %v", all)
	}
}

// TestASecondChallenge asks for another token, and then for more, than what was
// approved before: that is given back, and nothing of it is paid.
func TestASecondChallenge(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	d, counter := buyer(t, owner(t, "second@example.com"))
	s.changed = func(asked int, offer map[string]any) {
		switch asked {
		case 2:
			offer["asset"] = thief
		case 3:
			offer["asset"], offer["amount"] = testUSDC, "90000"
		}
	}
	d.must(exitUnpaid, "pay", s.URL)
	approved := d.last()["id"].(string)
	d.must(exitRefused, "pay", s.URL, walletThat("honest", counter))
	if a := d.last(); a["id"] != approved || a["status"] != "voided" || s.transfers() != 0 {
		t.Errorf("after another token: %v, %d transfers", a["status"], s.transfers())
	}
	d.must(exitRefused, "pay", s.URL, walletThat("honest", counter), "--max=0.05")
	d.must(exitDone, "pay", s.URL, walletThat("honest", counter))
	if a := d.last(); a["amount"] != 0.09 || a["status"] != "confirmed" || s.transfers() != 1 {
		t.Errorf("%v, %d transfers", a, s.transfers())
	}
}

// TestWalletsThatCheat are found out before anything leaves.
func TestWalletsThatCheat(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	d, counter := buyer(t, owner(t, "cheats@example.com"))
	for _, how := range []string{"more", "elsewhere", "forever", "other", "fails", "garbage"} {
		d.must(exitFailed, "pay", s.URL, walletThat(how, counter))
		if a := d.last(); a["status"] != "voided" || s.transfers() != 0 {
			t.Errorf("%s: %v after %d transfers", how, a["status"], s.transfers())
		}
	}
}

// TestShopsThatCheat neither get more than was selected nor a payment that is
// meant for somebody else, and leave the books true.
func TestShopsThatCheat(t *testing.T) {
	t.Parallel()
	d, counter := buyer(t, owner(t, "shops@example.com"))
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a payment went to another origin: %v", r.Header)
	}))
	t.Cleanup(elsewhere.Close)
	for name, c := range map[string]struct {
		exit   int
		status string
		paid   func(s *shop, w http.ResponseWriter, r *http.Request)
	}{
		"asks again, for more": {exitFailed, "voided", func(s *shop, w http.ResponseWriter, _ *http.Request) {
			s.offer["amount"] = "90000"
			s.challenge(w)
		}},
		"says why not": {exitFailed, "voided", func(_ *shop, w http.ResponseWriter, _ *http.Request) {
			settled(w, map[string]any{"success": false, "errorReason": "insufficient_funds", "transaction": "", "network": testChain})
			w.WriteHeader(http.StatusPaymentRequired)
		}},
		"delivers and says that it failed": {exitUnknown, "pending", func(_ *shop, w http.ResponseWriter, _ *http.Request) {
			settled(w, map[string]any{"success": false, "transaction": "", "network": testChain})
		}},
		"delivers and says nothing": {exitUnknown, "pending", func(*shop, http.ResponseWriter, *http.Request) {}},
		"another network": {exitUnknown, "pending", func(_ *shop, w http.ResponseWriter, _ *http.Request) {
			settled(w, map[string]any{"success": true, "transaction": "0x1", "network": "eip155:1"})
		}},
		"another amount": {exitUnknown, "pending", func(_ *shop, w http.ResponseWriter, _ *http.Request) {
			settled(w, map[string]any{"success": true, "transaction": "0x1", "network": testChain, "amount": "90000"})
		}},
		"drops the connection": {exitUnknown, "pending", func(*shop, http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		"sends elsewhere": {exitUnknown, "pending", func(_ *shop, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}},
		"fails": {exitUnknown, "pending", func(_ *shop, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }},
		"takes it and fails": {exitFailed, "confirmed", func(_ *shop, w http.ResponseWriter, _ *http.Request) {
			settled(w, map[string]any{"success": true, "transaction": "0x1", "network": testChain})
			w.WriteHeader(http.StatusInternalServerError)
		}},
	} {
		s := newShop(t)
		handed := 0
		s.takes(func(w http.ResponseWriter, r *http.Request) {
			handed++
			c.paid(s, w, r)
		})
		status, _, problems := d.purser("pay", s.URL, walletThat("honest", counter))
		if a := d.last(); status != c.exit || a["status"] != c.status || handed != 1 {
			t.Errorf("%s: ended with %d and %v, handed in %d times\n%s", name, status, a["status"], handed, problems)
		}
		if c.exit == exitUnknown && !strings.Contains(problems, "NOT KNOWN") {
			t.Errorf("%s: %s", name, problems)
		}
	}
}

// TestPayWithAName pays once under a name, wherever it is said.
func TestPayWithAName(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	d, counter := buyer(t, owner(t, "names@example.com"))
	named := []string{"pay", s.URL, walletThat("honest", counter), "--idempotency-key=invoice-1"}
	d.must(exitDone, named...)
	d.must(exitConflict, named...)
	if err := os.RemoveAll(filepath.Join(d.env["PURSER_CONFIG_DIR"], "payments")); err != nil {
		t.Fatal(err)
	}
	d.must(exitConflict, named...) // as from another machine
	if s.transfers() != 1 {
		t.Errorf("%d transfers", s.transfers())
	}
	s.offer["amount"] = "150000000"
	held := []string{"pay", s.URL, walletThat("honest", counter), "--idempotency-key=invoice-2"}
	d.must(exitHeld, held...)
	s.offer["amount"] = "10000"
	d.must(exitConflict, held...) // another price is another payment
	d.must(exitConflict, held...)
	if a := d.last(); a["status"] != "voided" {
		t.Errorf("the other price is still %v", a["status"])
	}
	d.must(exitDone, "pay", s.URL, walletThat("honest", counter))
	if s.transfers() != 2 {
		t.Errorf("%d transfers", s.transfers())
	}
}
