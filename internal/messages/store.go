package messages

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// The states of a message.
const (
	waiting = "waiting"
	sent    = "sent"
	joined  = "joined"  // an earlier message told of the same
	dropped = "dropped" // nobody needs it any more
	failed  = "failed"  // given up
)

// The channels.
const (
	byMail  = "mail"
	bySlack = "slack"
)

// draft is a message before it has recipients' ids.
type draft struct {
	kind    Kind
	channel string
	about   string
	to      []recipient
	data    any
	// joined says that an earlier message tells of the same: the recipients only
	// count as told.
	joined bool
}

// store keeps a message to each recipient that has none of this yet, and a job
// for each that delivers it.
func (s *Service) store(ctx context.Context, tx pgx.Tx, t ident.Tenant, d draft) error {
	if len(d.to) == 0 {
		return nil
	}
	p := db.MessageInsertParams{CompanyID: t.Company, Live: t.Live, Kind: string(d.kind), Channel: d.channel, About: d.about, Data: json.RawMessage("{}"), State: waiting}
	if d.joined {
		p.State = joined
	}
	if d.data != nil {
		var err error
		if p.Data, err = json.Marshal(d.data); err != nil {
			return err
		}
	}
	for _, r := range d.to {
		p.MessageIds, p.MemberIds, p.AwayIds = append(p.MessageIds, ident.New()), append(p.MemberIds, r.member), append(p.AwayIds, r.away)
	}
	ids, err := db.New(tx).MessageInsert(ctx, p)
	if err != nil || d.joined {
		return err
	}
	jobs := make([]river.InsertManyParams, len(ids))
	for i, id := range ids {
		jobs[i] = jobOf(d.channel, t, id)
	}
	return s.Queue.Add(ctx, tx, jobs...)
}

func jobOf(channel string, t ident.Tenant, id uuid.UUID) river.InsertManyParams {
	at := stored{Company: t.Company, Live: t.Live, Message: id}
	if channel == bySlack {
		return river.InsertManyParams{Args: slackArgs{at}, InsertOpts: slackOptions()}
	}
	return river.InsertManyParams{Args: letterArgs{at}, InsertOpts: letterOptions()}
}

// stored names a message.
type stored struct {
	Company uuid.UUID `json:"company"`
	Live    bool      `json:"live"`
	Message uuid.UUID `json:"message"`
}

// get reads a message; gone is false when there is none any more.
func (s *Service) get(ctx context.Context, at stored) (m message, found bool, err error) {
	row, err := db.New(s.Pool).MessageGet(ctx, at.Company, at.Live, at.Message)
	if isNone(err) {
		return m, false, nil
	}
	return messageOf(row), err == nil, err
}

// end notes that a message needs no further attempt.
func (s *Service) end(ctx context.Context, q *db.Queries, m message, state string, attempt int) error {
	return q.MessageEnd(ctx, db.MessageEndParams{CompanyID: m.Tenant.Company, Live: m.Tenant.Live, MessageID: m.ID,
		State: state, Attempts: int32(attempt)})
}

// tried notes that an attempt failed, and whether it was the last.
func (s *Service) tried(ctx context.Context, m message, trouble string, attempt, most int) error {
	state := waiting
	if attempt >= most {
		state = failed
	}
	return db.New(s.Pool).MessageTried(ctx, db.MessageTriedParams{CompanyID: m.Tenant.Company, Live: m.Tenant.Live, MessageID: m.ID,
		State: state, Attempts: int32(attempt), Trouble: trouble})
}
