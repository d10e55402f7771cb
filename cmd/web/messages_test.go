package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/postgres/pgtest"
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
	o := &office{t: t, mail: m, server: newProcess(t, "DATABASE_URL="+database, "SMTP_URL="+m.url(), "MAIL_FROM=Purser <purser@office.test>")}
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
	o.mail.await("approver@office.test", "asks to spend 101.00 USD", 5*time.Second)
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
