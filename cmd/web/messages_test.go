package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/postgres/pgtest"
	"github.com/getpurser/purser/internal/web/browsertest"
)

// office is a company whose mail goes over SMTP, on a server that can be ended
// and started again.
type office struct {
	t      *testing.T
	server *process
	mail   *mailServer
	// owner is a session, key an API key that manages and spends.
	owner, key caller
}

const ownerAddress = "owner@office.test"

// newOffice makes one whose held requests wait for so long.
func newOffice(t *testing.T, wait string) *office {
	t.Helper()
	database, _ := pgtest.NewURLs(t)
	m := newMailServer(t)
	o := &office{t: t, mail: m, server: newProcess(t, "DATABASE_URL="+database, "SMTP_URL="+m.url(), "MAIL_FROM=Purser <purser@office.test>", "WEBHOOK_ALLOW_LOOPBACK=true")}
	o.server.start()
	o.owner = o.signIn(ownerAddress)
	o.owner.must("POST", "/v1/companies", `{"name":"Office","currency":"usd","time_zone":"Europe/Berlin"}`)
	o.owner.must("PATCH", "/v1/company", fmt.Sprintf(`{"approval_timeout":%q}`, wait))
	o.key = o.owner.key(`"admin"`)
	o.key.must("POST", "/v1/agents", `{"handle":"buyer","name":"The buyer"}`)
	o.rules(asksAbove100)
	return o
}

func (o *office) rules(rules string) {
	o.t.Helper()
	o.key.must("POST", "/v1/policies", `{"name":"House rules","status":"active","rules":`+rules+`}`)
}

// signIn goes by the link that the mail server got.
func (o *office) signIn(email string) caller {
	o.t.Helper()
	c := caller{t: o.t, base: o.server.url(), client: &http.Client{Timeout: time.Minute}}
	c.must("POST", "/v1/auth/magic-link", fmt.Sprintf(`{"email":%q}`, email))
	link := linkToken.FindStringSubmatch(o.mail.await(email, "sign-in link", 10*time.Second).text)
	if link == nil {
		o.t.Fatal("no link")
	}
	session := c.must("POST", "/v1/auth/verify", fmt.Sprintf(`{"token":%q}`, link[1])).field(o.t, "token")
	c.header = [2]string{"Authorization", "Bearer " + session}
	return c
}

// invite makes a member, signed in.
func (o *office) invite(email, role string) caller {
	o.t.Helper()
	o.owner.must("POST", "/v1/members", fmt.Sprintf(`{"email":%q,"role":%q}`, email, role))
	o.mail.await(email, "invites you", 10*time.Second)
	return o.signIn(email)
}

// asks has the agent ask for an amount that is held.
func (o *office) asks(amount, merchant string) answered {
	o.t.Helper()
	return o.key.must("POST", "/v1/authorize", fmt.Sprintf(`{"agent":"buyer","amount":%s,"currency":"usd","merchant":{"name":%q},"purpose":"GPU hours"}`, amount, merchant))
}

// TestHoldIsMailed: the mail is there within two seconds, with its facts, and
// once to everybody who may decide.
func TestHoldIsMailed(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "24h")
	o.invite("approver@office.test", "approver")
	o.invite("viewer@office.test", "viewer")
	begun := time.Now()
	o.asks("249.99", "AW\u0405 <script>")
	m := o.mail.await("approver@office.test", "buyer asks to spend 249.99 USD", 5*time.Second)
	t.Logf("the mail came after %s", m.at.Sub(begun))
	if m.at.Sub(begun) > 2*time.Second {
		t.Errorf("the mail came after %s", m.at.Sub(begun))
	}
	for _, want := range []string{"Agent: buyer", "Amount: 249.99 USD", "AW\u0405[U+0405 CYRILLIC CAPITAL LETTER DZE] <script>", "Purpose: GPU hours", "“House rules”, version 1",
		"249.99 USD is above 100.00 USD", "Time left: 23 hours, until", o.server.url() + "/approvals/appr_"} {
		if !strings.Contains(m.text, want) {
			t.Errorf("%q is not in\n%s", want, m.text)
		}
	}
	if strings.Contains(m.html, "<script>") || !strings.Contains(m.html, `href="`+o.server.url()+`/approvals/appr_`) {
		t.Errorf("the HTML is %s", m.html)
	}
	o.mail.await(ownerAddress, "buyer asks to spend", 5*time.Second)
	time.Sleep(time.Second)
	if n := len(o.mail.all("approver@office.test", "asks to spend")); n != 1 {
		t.Errorf("%d mails of one request", n)
	}
	if n := len(o.mail.all("viewer@office.test", "asks to spend")); n != 0 {
		t.Errorf("a viewer got %d", n)
	}
}

// TestMailServerIsDown: what could not be delivered waits over a restart and
// arrives once the mail server is back; what was decided meanwhile is not told
// any more.
func TestMailServerIsDown(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "24h")
	o.invite("approver@office.test", "approver")
	o.mail.close()
	o.asks("101", "First shop")
	decided := o.asks("102", "Second shop")
	o.owner.must("POST", "/v1/approvals/"+approvalOf(t, decided)+"/deny", `{"reason":"no"}`)
	c := caller{t: t, base: o.server.url(), client: &http.Client{Timeout: time.Minute}}
	c.must("POST", "/v1/auth/magic-link", `{"email":"late@office.test"}`)
	time.Sleep(time.Second) // attempts fail
	o.server.stop()
	o.server.start()
	o.mail.open()
	o.mail.await("approver@office.test", "101.00 USD to First shop", time.Minute)
	o.mail.await(ownerAddress, "101.00 USD to First shop", time.Minute)
	o.mail.await("late@office.test", "sign-in link", time.Minute)
	if n := len(o.mail.all("approver@office.test", "102.00 USD")); n != 0 {
		t.Errorf("%d mails ask for what is decided", n)
	}
}

// approvalOf is the approval of a held request.
func approvalOf(t *testing.T, held answered) string {
	t.Helper()
	var a struct{ Approval struct{ ID string } }
	if err := json.Unmarshal(held.body, &a); err != nil || a.Approval.ID == "" {
		t.Fatalf("%v in %s", err, held.body)
	}
	return a.Approval.ID
}

// TestNobodyDecides: half of the time over, those who manage the company hear of
// it, and near the end who may decide is reminded, although the server was
// restarted meanwhile; a request that was decided is left alone.
func TestNobodyDecides(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "24s")
	o.invite("approver@office.test", "approver")
	asked := time.Now()
	o.asks("101", "First shop")
	decided := o.asks("102", "Second shop")
	for _, who := range []string{ownerAddress, "approver@office.test"} { // nobody is asked what is decided already
		o.mail.await(who, "asks to spend 101.00 USD", 5*time.Second)
		o.mail.await(who, "asks to spend 102.00 USD", 5*time.Second)
	}
	o.owner.must("POST", "/v1/approvals/"+approvalOf(t, decided)+"/approve", `{}`)
	o.mail.await("approver@office.test", "Approved: 102.00 USD", 5*time.Second)
	o.server.stop()
	o.server.start()
	escalated := o.mail.await(ownerAddress, "Nobody has decided: 101.00 USD to First shop", 30*time.Second)
	reminded := o.mail.await("approver@office.test", "left: 101.00 USD to First shop", 30*time.Second)
	if early := escalated.at.Sub(asked); early < 12*time.Second {
		t.Errorf("escalated after %s of 24s", early)
	}
	if early := reminded.at.Sub(asked); early < 18*time.Second {
		t.Errorf("reminded after %s of 24s", early)
	}
	o.mail.await("approver@office.test", "Ended undecided: 101.00 USD to First shop", 30*time.Second)
	o.mail.await(ownerAddress, "Ended undecided: 101.00 USD to First shop", 5*time.Second)
	for _, who := range []string{ownerAddress, "approver@office.test"} {
		for part, want := range map[string]int{"asks to spend 101.00": 1, "asks to spend 102.00": 1, "left: 101.00": 1, "left: 102.00": 0, "Nobody has decided: 102.00": 0, "Ended undecided: 101.00": 1} {
			if n := len(o.mail.all(who, part)); n != want {
				t.Errorf("%s got %d with %q, not %d", who, n, part, want)
			}
		}
	}
	if n := len(o.mail.all("approver@office.test", "Nobody has decided")) + len(o.mail.all(ownerAddress, "Approved:")); n != 0 {
		t.Errorf("%d mails to who need not know", n)
	}
}

// member is the id of the company's member with an address.
func (o *office) member(email string) string {
	o.t.Helper()
	var all struct{ Data []struct{ ID, Email string } }
	a := o.owner.must("GET", "/v1/members", "")
	if err := json.Unmarshal(a.body, &all); err != nil {
		o.t.Fatal(err)
	}
	for _, m := range all.Data {
		if m.Email == email {
			return m.ID
		}
	}
	o.t.Fatalf("no %s in %s", email, a.body)
	return ""
}

// TestStandIn: who stands in is asked too, although they chose not to be mailed,
// also after a restart; and is not asked what they may not decide.
func TestStandIn(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "24h")
	approver, second := o.invite("approver@office.test", "approver"), o.invite("second@office.test", "approver")
	viewer := o.invite("viewer@office.test", "viewer")
	o.rules(`[{"type":"expression","when":"merchant.name == 'Second shop'","effect":"require_approval","approvers":["` + o.member("approver@office.test") + `"]}]`)
	second.must("PUT", "/v1/me/messages", `{"mail":{"hold":false}}`)
	away := func(who, until string) string {
		return fmt.Sprintf(`{"stand_in":%q,"until":%q}`, o.member(who), until)
	}
	tomorrow := time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339)
	for body, code := range map[string]string{
		away("viewer@office.test", tomorrow):               "stand_in_impossible",
		away("approver@office.test", tomorrow):             "stand_in_impossible", // themselves
		`{"stand_in":"mem_x","until":"` + tomorrow + `"}`:  "stand_in_impossible",
		away("second@office.test", "2020-01-01T00:00:00Z"): "period_impossible",
		away("second@office.test", "2999-01-01T00:00:00Z"): "period_impossible",
	} {
		if a, err := approver.try("PUT", "/v1/me/stand-in", body); err != nil || a.status != http.StatusUnprocessableEntity || !strings.Contains(string(a.body), code) {
			t.Errorf("%s: %v %d %s", body, err, a.status, a.body)
		}
	}
	if a, err := viewer.try("PUT", "/v1/me/stand-in", away("second@office.test", tomorrow)); err != nil || a.status != http.StatusForbidden {
		t.Errorf("a viewer: %v %d", err, a.status)
	}
	approver.must("PUT", "/v1/me/stand-in", away("second@office.test", tomorrow))
	o.server.stop()
	o.server.start()
	o.asks("101", "First shop")
	m := o.mail.await("second@office.test", "asks to spend 101.00 USD", 10*time.Second)
	if !strings.Contains(m.text, "You stand in for approver@office.test, who is out of office.") {
		t.Errorf("the mail says\n%s", m.text)
	}
	o.mail.await("approver@office.test", "asks to spend 101.00 USD", 5*time.Second)
	o.asks("50", "Second shop") // only the approver may decide it
	o.mail.await("approver@office.test", "asks to spend 50.00 USD", 10*time.Second)
	approver.must("DELETE", "/v1/me/stand-in", "")
	o.asks("102", "Third shop")
	o.mail.await("approver@office.test", "asks to spend 102.00 USD", 10*time.Second)
	for _, part := range []string{"50.00", "102.00"} {
		if n := len(o.mail.all("second@office.test", part)); n != 0 {
			t.Errorf("the stand-in got %d with %s", n, part)
		}
	}
}

// TestMailLeadsToTheDecision: a real browser follows the mail's link, which does
// nothing by itself, and decides; the agent's waiting request returns.
func TestMailLeadsToTheDecision(t *testing.T) {
	t.Parallel()
	browser, ok := browsertest.Open(t)
	if !ok {
		return
	}
	o := newOffice(t, "24h")
	session := strings.TrimPrefix(o.invite("approver@office.test", "approver").header[1], "Bearer ")
	held := o.asks("249.90", "Chair & Table")
	told := make(chan answered, 1)
	go func() {
		a, err := o.key.try("GET", "/v1/authorize/"+held.field(t, "id")+"?wait=60", "")
		if err != nil {
			t.Error(err)
		}
		told <- a
	}()
	m := o.mail.await("approver@office.test", "249.90 USD to Chair & Table", 2*time.Second)
	link := regexp.MustCompile(`https?://\S+/approvals/\S+`).FindString(m.text)
	w := browser.Window(t, o.server.url(), browsertest.Phone())
	w.Cookie("purser_session", session)
	w.Open(strings.TrimPrefix(link, o.server.url()))
	w.Says("249.90 USD to Chair & Table")
	if a := o.key.must("GET", "/v1/authorize/"+held.field(t, "id"), ""); a.field(t, "status") != "held" {
		t.Errorf("opening the link did something: %s", a.body)
	}
	w.Tap("[data-approve]")
	select {
	case a := <-told:
		if a.field(t, "decision") != "APPROVED" {
			t.Errorf("the agent hears %s", a.body)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the waiting request does not return")
	}
	o.mail.await(ownerAddress, "Approved: 249.90 USD", 10*time.Second)
}

// TestChannelHears: held requests are posted to the company's chat channel, in
// its way of writing, and its address is nowhere to be read.
func TestChannelHears(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "24h")
	posts := make(chan string, 10)
	channel := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.URL.Path != "/services/T0/canary-wxyz" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		posts <- string(body)
	}))
	defer channel.Close()
	for _, address := range []string{"https://169.254.169.254/latest", "https://10.0.0.1/x", "http://example.com/x", "https://localhost.localdomain/x"} {
		a, err := o.owner.try("PUT", "/v1/slack", fmt.Sprintf(`{"url":%q}`, address))
		if err != nil || a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %v, %d %s", address, err, a.status, a.body)
		}
	}
	o.owner.must("PUT", "/v1/slack", fmt.Sprintf(`{"url":"%s/services/T0/canary-wxyz"}`, channel.URL))
	for _, path := range []string{"/v1/slack", "/v1/audit"} {
		if a := o.owner.must("GET", path, ""); strings.Contains(string(a.body), "canary") {
			t.Errorf("%s tells the address: %s", path, a.body)
		}
	}
	o.asks("249.90", "A & B <!channel>")
	select {
	case body := <-posts:
		var said struct{ Text string }
		if err := json.Unmarshal([]byte(body), &said); err != nil || !strings.Contains(said.Text, "*249.90 USD* at A &amp; B &lt;!channel&gt;") || !strings.Contains(said.Text, "/approvals/appr_") {
			t.Errorf("%v in %s", err, body)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the channel hears nothing")
	}
}
