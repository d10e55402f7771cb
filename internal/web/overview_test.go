package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// TestNumbersLeadToTheirLists follows every number of the overview, and finds
// the same number in what the list adds up to.
func TestNumbersLeadToTheirLists(t *testing.T) {
	t.Parallel()
	w, _ := newDemo(t)
	owner := w.signIn("owner@demo.test")
	overview := owner.get("/overview").want(http.StatusOK)
	currencies := overview.all("nav[aria-label=Currency] a")
	if len(currencies) < 2 || text(currencies[0]) == "" {
		t.Fatalf("the demo has %d currencies", len(currencies))
	}
	for i, c := range currencies {
		a := owner.get(attribute(c, "href")).want(http.StatusOK)
		if i == 0 && strings.Contains(a.path, "currency=") {
			t.Errorf("the company's currency is not the first: %s", a.path)
		}
		followed := 0
		for _, n := range a.all("a[data-number]") {
			followed += follows(t, owner, n)
		}
		if followed < 8 {
			t.Errorf("%s has %d numbers", a.path, followed)
		}
	}
	waiting := strings.Fields(overview.text("[data-number=waiting-count]"))
	if n := len(owner.get("/authorizations?status=held").all("tbody tr")); len(waiting) == 0 || waiting[0] != attributeOf(owner, "/authorizations?status=held&sums=1") || n == 0 {
		t.Errorf("%v wait, and %d are listed", waiting, n)
	}
}

// TestChartSaysTheSameAsItsTable compares the bars' titles, the table, and the
// lists behind its cells.
func TestChartSaysTheSameAsItsTable(t *testing.T) {
	t.Parallel()
	w, _ := newDemo(t)
	owner := w.signIn("viewer@demo.test")
	overview := owner.get("/overview?days=7").want(http.StatusOK)
	days := overview.all("a.chart-day")
	table := owner.get("/overview/table?days=7").want(http.StatusOK)
	rows := table.all("[data-chart] tbody tr")
	if len(days) != 7 || len(rows) != 7 {
		t.Fatalf("%d bars and %d rows", len(days), len(rows))
	}
	for i, day := range days {
		cell := all(rows[i], "td a")[0]
		if said := words(all(day, "title")[0]); !strings.Contains(said, words(cell)+" USD") {
			t.Errorf("the bar says %q, the table %q", said, words(cell))
		}
		if attribute(day, "href") != attribute(cell, "href") {
			t.Errorf("the bar leads to %s, the table to %s", attribute(day, "href"), attribute(cell, "href"))
		}
	}
	for _, cell := range table.all("[data-chart] tbody td a") {
		list := owner.get(attribute(cell, "href")).want(http.StatusOK)
		want := words(cell) + " USD"
		if strings.Trim(words(cell), "0.") == "" {
			want = ""
		}
		if got := list.text("[data-currency=usd] [data-sum=spent]"); got != want {
			t.Errorf("%s: the cell says %q, the list %q", attribute(cell, "href"), want, got)
		}
	}
	if part := owner.part("/overview/table?days=7"); part.whole() || len(part.all("[data-chart] tbody tr")) != 7 {
		t.Error("htmx does not get the table alone")
	}
}

// follows compares a number with its list.
func follows(t *testing.T, b *browser, number *html.Node) int {
	t.Helper()
	href, kind, said := attribute(number, "href"), attribute(number, "data-number"), words(number)
	list := b.get(href).want(http.StatusOK)
	query, err := url.ParseQuery(href[strings.Index(href, "?")+1:])
	if err != nil {
		t.Fatal(err)
	}
	var got string
	switch kind {
	case "denied":
		got = attribute(list.find("#sums"), "data-count")
	case "together":
		got = list.text("[data-sum=together]")
	default:
		part := map[string]string{"spent": "spent", "days": "spent", "merchant": "spent", "reserved": "reserved", "waiting": "reserved"}[kind]
		got = list.text("[data-currency=" + query.Get("currency") + "] [data-sum=" + part + "]")
		if got == "" && strings.Trim(strings.Fields(said)[0], "0.") == "" {
			got = said // nothing of nothing
		}
	}
	if got != said {
		t.Errorf("%s at %s says %q, and its list %q", kind, href, said, got)
	}
	return 1
}

// words are what an element says, its white space made single.
func words(n *html.Node) string { return strings.Join(strings.Fields(text(n)), " ") }

// attributeOf is how many requests a list says that it has.
func attributeOf(b *browser, path string) string {
	return attribute(b.get(path).find("#sums"), "data-count")
}

// TestListAddsUp adds up the rows of every page of a list, and compares with
// what it says.
func TestListAddsUp(t *testing.T) {
	t.Parallel()
	w, _ := newDemo(t)
	owner := w.signIn("owner@demo.test")
	first := owner.get("/authorizations?agent=ads-bot&currency=usd&status=confirmed&sums=1").want(http.StatusOK)
	rows, minor := 0, 0
	for page := first; ; {
		for _, cell := range page.all("tbody td.figure-cell") {
			rows++
			minor += minorOf(t, strings.Fields(words(cell))[0])
		}
		next := page.find("a[rel=next]")
		if next == nil {
			break
		}
		page = owner.get(attribute(next, "href")).want(http.StatusOK)
	}
	said := strings.Fields(first.text("[data-sum=spent]"))
	if len(said) != 2 || minorOf(t, said[0]) != minor || rows < 100 {
		t.Errorf("%d rows add up to %d, the page says %v", rows, minor, said)
	}
	for _, l := range owner.get("/budgets").want(http.StatusOK).all("#budgets li") {
		for _, link := range all(l, "a.figure") {
			list := owner.get(attribute(link, "href")).want(http.StatusOK)
			if sums := list.text("[data-sum]"); words(link) != "0.00" && !strings.HasPrefix(sums, words(link)) {
				t.Errorf("a limit says %q, its list %q: %s", words(link), sums, attribute(link, "href"))
			}
		}
	}
}

func minorOf(t *testing.T, amount string) int {
	t.Helper()
	n := 0
	for _, c := range amount {
		if c >= '0' && c <= '9' {
			n = n*10 + int(c-'0')
		}
	}
	return n
}

func TestOverviewOfNothing(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	for _, path := range []string{"/overview", "/test/overview", "/budgets", "/agents", "/authorizations"} {
		a := f.viewer.get(path).want(http.StatusOK)
		if !strings.Contains(brief(a), "No ") && !strings.Contains(brief(a), "There is no") {
			t.Errorf("%s: %s", path, brief(a))
		}
	}
	if f.viewer.get("/agents").has("a[href='/agents/new']") || !f.admin.get("/agents").has("a[href='/agents/new']") {
		t.Error("making an agent is offered to the wrong people")
	}
}
