package messages

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/getpurser/purser/internal/notify"
	"github.com/getpurser/purser/internal/notify/mail"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/sign"
)

// Post takes over the letters that are a person's and not a company's: the link
// that signs in, and invitations. The link is a secret, so the letter is sealed
// while it waits. It says no more than that it was stored, so that how long an
// answer takes tells nothing about an address or a mail server.
type Post struct {
	pool  *postgres.Pool
	queue *notify.Queue
	to    mail.Transport
	seal  sign.Sealer
}

// NewPost makes one before a transport and has the queue deliver.
func NewPost(pool *postgres.Pool, queue *notify.Queue, to mail.Transport, keyEncryptionKey []byte) (*Post, error) {
	sealing, err := sign.NewSealer(keyEncryptionKey, sealPurpose)
	if err != nil {
		return nil, err
	}
	p := &Post{pool, queue, to, sealing}
	notify.Handle(queue, &sealedWorker{p: p})
	return p, nil
}

// letterFor is what is sealed.
type letterFor struct {
	To     string      `json:"to"`
	Letter mail.Letter `json:"letter"`
	Until  time.Time   `json:"until"`
}

const invitationPatience = 24 * time.Hour

// SignInLink stores the mail with the link. It is tried for as long as the link
// works.
func (p *Post) SignInLink(ctx context.Context, to, link string, validFor time.Duration) error {
	return p.pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		return p.store(ctx, tx, letterFor{to, mail.SignInLink(link, validFor), time.Now().Add(validFor)})
	})
}

// Invitation stores the mail that invites somebody, in the transaction that does.
func (p *Post) Invitation(ctx context.Context, tx pgx.Tx, to, companyName, role, link string) error {
	return p.store(ctx, tx, letterFor{to, mail.Invitation(to, companyName, role, link), time.Now().Add(invitationPatience)})
}

const sealedBinding = "letter"

func (p *Post) store(ctx context.Context, tx pgx.Tx, l letterFor) error {
	plain, err := json.Marshal(l)
	if err != nil {
		return err
	}
	return p.queue.Add(ctx, tx, river.InsertManyParams{Args: sealedArgs{p.seal.Seal(plain, sealedBinding)},
		InsertOpts: &river.InsertOpts{Queue: notify.Mail, MaxAttempts: notify.DayOfAttempts, Priority: 1}})
}

// sealedArgs hold a letter that nobody can read but a server with the key.
type sealedArgs struct {
	Sealed []byte `json:"sealed"`
}

// Kind is the job's name in the queue.
func (sealedArgs) Kind() string { return "sealed_letter" }

type sealedWorker struct {
	river.WorkerDefaults[sealedArgs]
	p *Post
}

// Work delivers the letter, unless it came too late.
func (w *sealedWorker) Work(ctx context.Context, job *river.Job[sealedArgs]) error {
	plain, err := w.p.seal.Open(job.Args.Sealed, sealedBinding)
	if err != nil {
		return river.JobCancel(err)
	}
	var l letterFor
	if err := json.Unmarshal(plain, &l); err != nil {
		return river.JobCancel(errors.New("the letter cannot be read"))
	}
	if time.Now().After(l.Until) {
		return river.JobCancel(errors.New("it would come too late"))
	}
	envelope, err := l.Letter.To(l.To)
	if err != nil {
		return river.JobCancel(errors.New("the letter cannot be written"))
	}
	if err := w.p.to.Send(ctx, envelope); err != nil {
		return errors.New("the mail was not delivered: " + mail.Trouble(err))
	}
	return nil
}

// NextRetry tries sooner than other mails: somebody sits and waits.
func (*sealedWorker) NextRetry(job *river.Job[sealedArgs]) time.Time {
	return notify.Pause(job.Attempt)
}
