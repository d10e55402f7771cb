package web

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/audit/proof"
)

// busy is a company in which something happened, some of it nasty.
func busy(t *testing.T) *firm {
	t.Helper()
	f := newFirm(t)
	f.liveAdmin.agent("bot")
	f.liveAdmin.policy("All", `[{"type": "transaction_limit", "amount": 100, "currency": "usd"}]`)
	f.live.spend("bot", "5.00", "=HYPERLINK(1)")
	f.live.spend("bot", "1000.00", "<script>alert(1)</script>")
	f.live.spend("bot", "6.00", "evil\u200bgnp.exe")
	return f
}

func TestAuditLogInWords(t *testing.T) {
	t.Parallel()
	f := busy(t)
	page := f.viewer.open("/audit").want(http.StatusOK)
	for _, sentence := range []string{"a key asked for 5.00 USD at =HYPERLINK(1) by bot: approved",
		"a key asked for 1,000.00 USD at <script>alert(1)</script> by bot: denied, transaction limit",
		"at evil⟨U+200B⟩gnp.exe", "a key made the agent bot", "made the policy All, active", "owner@acme.test invited viewer@acme.test as Viewer",
		"viewer@acme.test joined as Viewer", "owner@acme.test made the API key a key", "owner@acme.test made the company acme"} {
		if !strings.Contains(page.text("main ol"), sentence) {
			t.Errorf("nowhere is said: %s", sentence)
		}
	}
	if strings.Contains(page.text("main"), " did ") {
		t.Errorf("an event has no words: %s", page.text("main ol"))
	}
	for query, most := range map[string]int{"?type=agent.*": 1, "?type=authorization.denied": 1, "?actor=system": 0, "?agent=bot&type=authorization.*": 3,
		"?from=2099-01-01": 0, "?to=2001-01-01": 0} {
		if got := len(f.viewer.open("/audit" + query).want(http.StatusOK).all("main ol li")); got != most {
			t.Errorf("%s: %d events, wanted %d", query, got, most)
		}
	}
	for query, at := range map[string]string{"?agent=nobody": "agent", "?from=soon": "from", "?to=2027-13-01": "to", "?type=*x": "type"} {
		a := f.viewer.open("/audit" + query).want(http.StatusUnprocessableEntity)
		if a.text("#field-"+at+"-error") == "" {
			t.Errorf("%s: %s", query, brief(a))
		}
	}
	f.viewer.get("/audit?before=nonsense").want(http.StatusNotFound)
	if a := f.viewer.open("/test/audit?agent=bot"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("test mode knows the live agent: %d", a.status)
	}
}

// TestAuditLogHasPages reaches every event once.
func TestAuditLogHasPages(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	for i := range 70 {
		f.liveAdmin.agent("bot-" + strings.Repeat("x", i+1)[:min(i+1, 50)] + time.Now().Format("150405.000000")[7:])
	}
	seen, page := map[string]bool{}, f.viewer.open("/audit?type=agent.*")
	for {
		for _, a := range page.all("main ol li p:last-child a") {
			seen[attribute(a, "href")] = true
		}
		next := page.find("a[rel=next]")
		if next == nil {
			break
		}
		page = f.viewer.open(attribute(next, "href"))
	}
	if len(seen) != 70 {
		t.Errorf("%d events were seen, wanted 70", len(seen))
	}
}

func TestExportOfTheLog(t *testing.T) {
	t.Parallel()
	f := busy(t)
	a := f.viewer.get("/audit/export?format=csv&type=authorization.*").want(http.StatusOK)
	if !strings.HasPrefix(a.header.Get("Content-Disposition"), `attachment; filename="audit-live-`) {
		t.Errorf("it is %q", a.header.Get("Content-Disposition"))
	}
	rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
	if err != nil || len(rows) != 4 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("a spreadsheet would compute %q", cell)
			}
		}
	}
	if n := strings.Count(f.viewer.get("/audit/export?format=ndjson").body, "\n"); n < 10 {
		t.Errorf("%d lines", n)
	}
	var whole struct{ Data []json.RawMessage }
	if err := json.Unmarshal([]byte(f.viewer.get("/audit/export?format=json&actor=system").body), &whole); err != nil || len(whole.Data) != 0 {
		t.Errorf("%v, %d events", err, len(whole.Data))
	}
	f.viewer.get("/audit/export?format=exe").want(http.StatusUnprocessableEntity)
	f.viewer.get("/audit/export?agent=nobody").want(http.StatusUnprocessableEntity)
}

// TestProofFromAPage is checked offline, with the keys of the verify page.
func TestProofFromAPage(t *testing.T) {
	t.Parallel()
	f := busy(t)
	event := f.viewer.open(attribute(f.viewer.open("/audit").find("main ol li p:last-child a"), "href")).want(http.StatusOK)
	if !strings.Contains(event.text("dl"), "authorization.") {
		t.Errorf("the event: %s", brief(event))
	}
	var p proof.Inclusion
	file := f.viewer.get(attribute(event.find("a[href$='/proof']"), "href")).want(http.StatusOK)
	if err := json.Unmarshal([]byte(file.body), &p); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, code := range f.viewer.open("/audit/verify").all("[id^=checkpoint-key]") {
		keys = append(keys, strings.TrimSpace(text(code)))
	}
	if _, _, err := p.Verify(keys); err != nil {
		t.Errorf("%v, with %q", err, keys)
	}
}

// TestVerifyTheLog in one piece and as it goes on, before and after somebody
// tampered with it.
func TestVerifyTheLog(t *testing.T) {
	t.Parallel()
	f := busy(t)
	if a := f.viewer.open("/audit/verify/report"); !a.has(".alert-success") {
		t.Errorf("%s", brief(a))
	}
	if a := f.viewer.open("/audit/verify?run=1"); !a.has("[sse-connect='/audit/verify/run']") {
		t.Errorf("%s", brief(a))
	}
	if got := f.stream("/audit/verify/run"); !strings.Contains(got, "event: report\ndata: ") || !strings.Contains(got, "alert-success") || !strings.Contains(got, "event: end") {
		t.Errorf("%s", got)
	}
	f.tamper()
	if a := f.viewer.open("/audit/verify/report"); !strings.Contains(a.text(".alert-error"), "not what it was") {
		t.Errorf("%s", brief(a))
	}
	if got := f.stream("/audit/verify/run"); !strings.Contains(got, "alert-error") {
		t.Errorf("%s", got)
	}
}

// stream reads an answer of events to its end, as the viewer.
func (f *firm) stream(path string) string {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, f.URL+path, nil)
	f.must(err)
	req.Host = worldHost
	resp, err := f.viewer.client.Do(req)
	f.must(err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	f.must(err)
	return string(raw)
}

// tamper slips an event in beside the log, as somebody could who has the
// server's own way to the database.
func (f *firm) tamper() {
	f.t.Helper()
	_, err := f.pool.Exec(f.t.Context(), `INSERT INTO audit_events (company_id, live, event_id, type, actor, subject, data, request_id, created_at)
		SELECT company_id, live, gen_random_uuid(), type, actor, subject, data, request_id, created_at FROM audit_events WHERE type = 'authorization.denied'`)
	f.must(err)
}
