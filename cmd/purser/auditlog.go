package main

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// auditGroup asks the server for its audit log, and checks offline what it
// said.
type auditGroup struct {
	List              listEvents        `cmd:"" api:"GET /v1/audit" columns:"position,created_at,type,actor,subject,id" help:"List events, newest first."`
	Export            exportEvents      `cmd:"" api:"GET /v1/audit" help:"Write everything that matches to a file."`
	Proof             thing             `cmd:"" api:"GET /v1/audit/{id}/proof" columns:"event,position,tree_size,hashes,checkpoint" help:"The inclusion proof of one event; keep it with --json."`
	Checkpoint        checkpoint        `cmd:"" api:"GET /v1/audit/checkpoint" help:"The signed checkpoint, or the keys that it is checked with."`
	Consistency       consistency       `cmd:"" api:"GET /v1/audit/consistency" columns:"from_size,tree_size,hashes,checkpoint" help:"The proof that the log has only grown; keep it with --json."`
	Check             whole             `cmd:"" api:"GET /v1/audit/verify" help:"Let the server check its whole log."`
	Verify            verifyExport      `cmd:"" help:"Check a whole NDJSON export against a signed checkpoint, offline."`
	VerifyProof       verifyProof       `cmd:"" help:"Check the inclusion proof of one event, offline."`
	VerifyConsistency verifyConsistency `cmd:"" help:"Check offline that a log has only grown since a checkpoint that you kept."`
}

type eventFilter struct {
	Type  string    `help:"The type of event, such as policy.updated."`
	Actor string    `help:"Who did it, by id."`
	From  time.Time `help:"At or after (RFC 3339)."`
	To    time.Time `help:"Before (RFC 3339)."`
}

func (f eventFilter) query(a *app) url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"type": f.Type, "actor": f.Actor, "from": instant(f.From), "to": instant(f.To), "agent": a.Agent} {
		set(q, name, value)
	}
	return q
}

type listEvents struct {
	eventFilter
	paging
}

// Run calls the endpoint.
func (c listEvents) Run(a *app) error { return c.list(a, "", c.query(a)) }

type exportEvents struct {
	eventFilter
	Format string `enum:"ndjson,csv,json" default:"ndjson" help:"ndjson, csv or json."`
	Output string `short:"o" help:"The file; standard output without it." placeholder:"FILE"`
}

// Run copies the export as it comes. A file that could not be written whole is
// taken away again, so that nobody takes a part for the whole.
func (c exportEvents) Run(a *app) error {
	q := c.query(a)
	q.Set("format", c.Format)
	if c.Output == "" {
		return a.client.Stream(a.ctx, a.request("", q, nil), a.out)
	}
	file, err := os.OpenFile(c.Output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return usage("%w", err)
	}
	err = a.client.Stream(a.ctx, a.request("", q, nil), file)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = os.Remove(c.Output) // the error is about what it lacks
		return err
	}
	fmt.Fprintln(a.problems, "Written to", c.Output)
	return nil
}

type checkpoint struct {
	Keys bool `help:"Print the log's verifier keys instead, one a line. Keep them: what is checked later is checked with these."`
}

// Run prints the signed note as it is, which is what is kept and checked, or
// what it is checked with.
func (c checkpoint) Run(a *app) error {
	answer, err := a.ask(a.request("", nil, nil))
	if err != nil {
		return err
	}
	if a.JSON {
		return a.print(answer)
	}
	var said struct {
		Checkpoint string
		Keys       []string
	}
	if err := answer.Decode(&said); err != nil {
		return err
	}
	if c.Keys {
		said.Checkpoint = strings.Join(said.Keys, "\n") + "\n"
	}
	_, err = io.WriteString(a.out, said.Checkpoint)
	return err
}

type consistency struct {
	FromSize int64 `arg:"" help:"How many events the checkpoint that you kept had."`
}

// Run calls the endpoint.
func (c consistency) Run(a *app) error {
	return a.do("", url.Values{"from_size": {strconv.FormatInt(c.FromSize, 10)}}, nil)
}
