package web

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// asked is a firm with an agent that may spend up to 100 a day, asks people above
// 50, and has a few requests behind it.
func asked(t *testing.T) (f *firm, agent, policy string) {
	t.Helper()
	f = newFirm(t)
	agent = f.liveAdmin.agent("buyer")
	policy = f.liveAdmin.policy("Purchases", `[
		{"type": "transaction_limit", "amount": 90, "currency": "usd"},
		{"type": "approval_threshold", "amount": 50, "currency": "usd"},
		{"type": "limit", "period": "day", "amount": 100, "currency": "usd"}]`)
	return f, agent, policy
}

func TestListIsFiltered(t *testing.T) {
	t.Parallel()
	f, agent, policy := asked(t)
	other := f.liveAdmin.agent("other")
	f.live.spend(agent, "10.00", "Paper & Co")
	f.live.spend(agent, "60.00", "Chairs")
	f.live.spend(agent, "95.00", "Desks")
	f.live.spend(other, "5.00", "Paper & Co")
	for query, rows := range map[string]int{
		"": 4, "agent=buyer": 3, "agent=" + other: 1, "status=pending": 2, "status=held": 1, "status=denied": 1, "status=open": 3,
		"status=counted": 3, "status=voided": 0, "decision=DENIED": 1, "reason=limit_exceeded": 1, "currency=USD": 4, "currency=eur": 0,
		"merchant=paper+%26+co": 2, "merchant_key=desks": 1, "merchant=paper": 0, "rail=api": 4, "rail=card": 0, "q=chair": 1, "q=%25": 0,
		"q=paper+%26": 2, "from=2020-01-01": 4, "to=2020-01-01": 0, "from=2020-01-01T00:00:00Z&to=9000-01-01T00:00:00Z": 4,
		"policy=" + policy: 4, "agent=buyer&q=paper&status=pending&currency=usd": 1,
	} {
		a := f.viewer.get("/authorizations?" + query).want(http.StatusOK)
		if got := len(a.all("tbody tr")); got != rows {
			t.Errorf("%q finds %d, wanted %d", query, got, rows)
		}
		if query != "" && rows > 0 && !strings.HasPrefix(query, "q=") && !a.has("ul[aria-label='Filters in force']") {
			t.Errorf("%q is not told", query)
		}
	}
	if got := len(f.viewer.get("/test/authorizations").want(http.StatusOK).all("tbody tr")); got != 0 {
		t.Errorf("test mode lists %d requests of live mode", got)
	}
}

func TestFiltersThatCannotBeRead(t *testing.T) {
	t.Parallel()
	f, _, _ := asked(t)
	for query, field := range map[string]string{"agent=nobody": "agent", "currency=zzz": "currency", "from=yesterday": "from", "to=2026-02-31": "to",
		"from=0000-00-00": "from", "to=9999-12-31": "to"} {
		a := f.viewer.get("/authorizations?q=kept&" + query).want(http.StatusUnprocessableEntity)
		if !a.has("#field-"+field+"[aria-invalid]") || !a.has("#field-"+field+"-error") || attribute(a.find("#field-q"), "value") != "kept" {
			t.Errorf("%q: the field %s is not marked, or what was typed is gone", query, field)
		}
	}
	f.viewer.get("/authorizations?before=auth_x").want(http.StatusNotFound)
	f.viewer.get("/authorizations?policy=pol_x").want(http.StatusNotFound)
	f.viewer.get("/authorizations/export?format=pdf").want(http.StatusUnprocessableEntity)
	f.viewer.get("/authorizations/export?agent=nobody").want(http.StatusUnprocessableEntity)
}

// TestNastyNames shows merchants that would break or deceive a page.
func TestNastyNames(t *testing.T) {
	t.Parallel()
	f, agent, _ := asked(t)
	for i, name := range []string{"<script>alert(1)</script>", "safe\u202eevil", strings.Repeat("long ", 40), "=HYPERLINK(1)", "zero\u200bwidth"} {
		id := fmt.Sprint(f.live.spend(agent, "0.50", fmt.Sprint("Shop ", i))["id"])
		// The API refuses some of these: older rows, and other rails, may have them.
		_, err := f.pool.Exec(t.Context(), "UPDATE authorizations SET merchant_name = $1 WHERE merchant_key = $2", name, fmt.Sprint("shop ", i))
		f.must(err)
		for _, path := range []string{"/authorizations", "/authorizations/" + id, "/agents/" + agent} {
			a := f.owner.get(path).want(http.StatusOK)
			if strings.Contains(a.body, "<script>alert") || strings.Contains(a.text("main"), "\u202e") || strings.Contains(a.text("main"), "\u200b") {
				t.Errorf("%s shows %q as it is", path, name)
			}
			mannered(t, a)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(f.owner.get("/authorizations/export?format=csv").want(http.StatusOK).body)).ReadAll()
	if err != nil || len(rows) != 6 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	if merchant := rows[2][12]; rows[0][12] != "merchant" || merchant != "'=HYPERLINK(1)" {
		t.Errorf("a formula is exported as %q", merchant)
	}
}

func TestExportIsTheList(t *testing.T) {
	t.Parallel()
	w, _ := newDemo(t)
	owner := w.signIn("owner@demo.test")
	var all struct {
		Data []map[string]any `json:"data"`
		More bool             `json:"has_more"`
	}
	a := owner.get("/authorizations/export?format=json&status=denied").want(http.StatusOK)
	if err := json.Unmarshal([]byte(a.body), &all); err != nil || all.More || len(all.Data) < 100 {
		t.Fatalf("%d, more: %v, %v", len(all.Data), all.More, err)
	}
	if said := attributeOf(owner, "/authorizations?status=denied&sums=1"); said != fmt.Sprint(len(all.Data)) {
		t.Errorf("the list has %s, the export %d", said, len(all.Data))
	}
	lines := strings.Split(strings.TrimSuffix(owner.get("/authorizations/export?format=ndjson&status=denied").body, "\n"), "\n")
	rows, err := csv.NewReader(strings.NewReader(owner.get("/authorizations/export?format=csv&status=denied").body)).ReadAll()
	if err != nil || len(lines) != len(all.Data) || len(rows) != len(all.Data)+1 {
		t.Fatalf("%d objects, %d lines, %d rows: %v", len(all.Data), len(lines), len(rows), err)
	}
	for i, x := range all.Data {
		var line map[string]any
		if err := json.Unmarshal([]byte(lines[i]), &line); err != nil || line["id"] != x["id"] || rows[i+1][0] != x["id"] {
			t.Fatalf("place %d: %v, %v, %v: %v", i, x["id"], line["id"], rows[i+1][0], err)
		}
	}
	shown := w.session(owner, true).do("GET", "/v1/authorize/"+fmt.Sprint(all.Data[0]["id"]), nil)
	for _, name := range []string{"status", "reason", "amount", "merchant", "trace", "metadata"} {
		if fmt.Sprint(shown[name]) != fmt.Sprint(all.Data[0][name]) {
			t.Errorf("%s is %v in the API and %v in the export", name, shown[name], all.Data[0][name])
		}
	}
	if d := a.header.Get("Content-Disposition"); !strings.Contains(d, "authorizations-live.json") {
		t.Errorf("the file is called %q", d)
	}
}
