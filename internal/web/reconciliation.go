package web

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/views"
)

func (w *Web) reconciliationPages() []page {
	return []page{
		{http.MethodGet, "/reconciliation", member, access.ScopeRead, (*visit).reconciliation},
		{http.MethodGet, "/reconciliation/:id", member, access.ScopeRead, (*visit).oneReconciliation},
		{http.MethodPost, "/reconciliation", member, access.ScopeAdmin, (*visit).reconcileNow},
	}
}

func (v *visit) reconciliation() error {
	before, err := v.olderThan(ident.Comparison)
	if err != nil {
		return err
	}
	runs, err := v.web.reconcile.Runs(v.ctx(), v.tenant(), pageRows+1, before)
	if err != nil {
		return err
	}
	page := views.ReconciliationPage{}
	if len(runs) > pageRows {
		runs = runs[:pageRows]
		page.Next = v.frame.With("/reconciliation", "before", ident.Format(ident.Comparison, runs[pageRows-1].ID))
	}
	if len(runs) > 0 {
		page.Run, page.Earlier = &runs[0], runs[1:]
	}
	return v.showReconciliation("Reconciliation", page)
}

func (v *visit) oneReconciliation() error {
	id, err := v.pathID(ident.Comparison, "reconciliation")
	if err != nil {
		return err
	}
	run, err := v.web.reconcile.Run(v.ctx(), v.tenant(), id)
	if err != nil {
		return err
	}
	return v.showReconciliation("One reconciliation", views.ReconciliationPage{Run: &run, Alone: true})
}

// openRefresh is how often a browser without scripts asks whether a run is done.
const openRefresh = 5

func (v *visit) showReconciliation(title string, page views.ReconciliationPage) error {
	f := v.titled(title)
	if page.Run != nil {
		names, err := v.web.access.ActorNames(v.ctx(), v.tenant(), []string{page.Run.AskedBy})
		if err != nil {
			return err
		}
		page.By = names[page.Run.AskedBy]
		if page.Run.Open() {
			f.Refresh = views.Refresh{Seconds: openRefresh, To: f.At(f.Path)}
		}
	}
	return v.show(http.StatusOK, views.Reconciliation(f, page))
}

// reconcileNow has everything compared in the background.
func (v *visit) reconcileNow() error {
	fresh := false
	err := v.inTx(func(ctx context.Context, tx pgx.Tx) (err error) {
		fresh, err = v.web.reconcile.Start(ctx, tx, v.tenant(), v.actor())
		return err
	})
	if err != nil {
		return err
	}
	if !fresh {
		return v.to("/reconciliation", "A reconciliation is under way already.")
	}
	return v.to("/reconciliation", "Everything is being compared.")
}
