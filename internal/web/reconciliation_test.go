package web

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
)

// compared has everything of a company compared, by nobody yet, and gives the
// run's id.
func (w *world) compared(company string, live bool) string {
	w.t.Helper()
	id, _ := ident.Parse(ident.Company, company)
	t := ident.Tenant{Company: id, Live: live}
	w.must(w.pool.InTx(w.t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := w.web.reconcile.Start(ctx, tx, t, audit.System())
		return err
	}))
	runs, err := w.web.reconcile.Runs(w.t.Context(), t, 1, nil)
	w.must(err)
	return ident.Format(ident.Comparison, runs[0].ID)
}

// TestReconciliation is asked for, waited for, and told with likely causes.
func TestReconciliation(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	if empty := f.viewer.open("/test/reconciliation").want(http.StatusOK); empty.has("#run-now") || !strings.Contains(empty.text("main"), "Nothing was compared yet") {
		t.Errorf("%s", brief(empty))
	}
	asked := f.owner.open("/test/reconciliation").submit("#run-now").follow()
	if asked.has("#run-now") || !strings.Contains(asked.text("#run"), "Running") || attribute(asked.find("#run"), "hx-trigger") == "" ||
		!strings.Contains(asked.body, `http-equiv="refresh" content="5; url=/test/reconciliation"`) {
		t.Errorf("%s", brief(asked))
	}
	if again := f.owner.post("/test/reconciliation").follow(); !strings.Contains(again.text("main"), "under way already") {
		t.Errorf("%s", brief(again))
	}
	f.workQueue()
	first := f.reconciled()
	if got := first.text("#run"); !strings.Contains(got, "Everything agrees.") || !strings.Contains(got, "by owner@acme.test") {
		t.Errorf("%s", got)
	}
	f.testAdmin.policy("All", `[{"type": "transaction_limit", "amount": 100, "currency": "usd"}]`)
	f.test.spend(f.testAdmin.agent("buyer"), "5.00", "AWS")
	if _, err := f.pool.Exec(t.Context(), `UPDATE authorizations SET status = 'voided', closed_at = now() WHERE NOT live`); err != nil {
		t.Fatal(err)
	}
	first.submit("#run-now").want(http.StatusSeeOther)
	found := f.reconciled()
	event := found.text(`[data-check=events]`)
	if !strings.Contains(event, "no event says voided") || !strings.Contains(event, "Likely cause: A row was changed past the gate") || !found.has(`[data-check=events] a[href^='/test/authorizations/auth_']`) {
		t.Errorf("%s", found.text("#run"))
	}
	before := attribute(found.find("ul[aria-label='Earlier reconciliations'] a"), "href")
	if one := f.viewer.open(before).want(http.StatusOK); !strings.Contains(one.text("main"), "Everything agrees.") {
		t.Errorf("%s", brief(one))
	}
	f.viewer.get(strings.TrimPrefix(before, "/test")).want(http.StatusNotFound)
	f.outsider.get(before).want(http.StatusNotFound)
	f.viewer.get("/reconciliation?before=nothing").want(http.StatusNotFound)
	f.approver.post("/test/reconciliation").want(http.StatusForbidden)
}

// workQueue works off what is stored, until the test ends.
func (w *world) workQueue() { w.run(func(ctx context.Context) { _ = w.queue.Run(ctx) }) }

// reconciled waits for the page to show a run that ended.
func (f *firm) reconciled() *answer {
	f.t.Helper()
	for range 300 {
		a := f.owner.open("/test/reconciliation")
		if a.has("#run") && !strings.Contains(a.text("#run"), "Running") {
			return a
		}
		time.Sleep(50 * time.Millisecond)
	}
	f.t.Fatal("the reconciliation does not end")
	return nil
}
