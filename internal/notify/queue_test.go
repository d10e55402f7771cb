package notify_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/getpurser/purser/internal/notify"
	"github.com/getpurser/purser/internal/postgres/pgtest"
)

type note struct {
	Text string `json:"text"`
}

func (note) Kind() string { return "note" }

type reader struct {
	river.WorkerDefaults[note]
	read chan string
}

func (r *reader) Work(_ context.Context, job *river.Job[note]) error {
	if job.Attempt == 1 {
		return errors.New("not the first time")
	}
	r.read <- job.Args.Text
	return nil
}

func (*reader) NextRetry(*river.Job[note]) time.Time { return time.Now() }

// TestQueue: what committed is worked off, also after a failure and after
// another server stored it; what was rolled back is not.
func TestQueue(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	r := &reader{read: make(chan string, 10)}
	q, err := notify.NewQueue(pool, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	notify.Handle(q, r)
	undone := errors.New("undone")
	add := func(text string, end error) {
		err := pool.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			if err := q.Add(ctx, tx, river.InsertManyParams{Args: note{Text: text}}); err != nil {
				return err
			}
			return end
		})
		if !errors.Is(err, end) {
			t.Fatal(err)
		}
	}
	add("rolled back", undone)
	add("kept", nil)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- q.Run(ctx) }()
	if text := <-r.read; text != "kept" {
		t.Error(text)
	}
	add("while it runs", nil)
	if text := <-r.read; text != "while it runs" {
		t.Error(text)
	}
	stop()
	if err := <-ended; err != nil || len(r.read) != 0 {
		t.Error(err, len(r.read))
	}
}
