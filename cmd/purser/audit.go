package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/getpurser/purser/internal/audit/proof"
)

// keyFlag is shared by all checks.
type keyFlag struct {
	Key []string `required:"" placeholder:"KEY" help:"The log's verifier key (name+hash+base64), or a file with one per line. Get it once, from somebody you trust."`
}

// keys reads the verifier keys. A key always has plus signs between its parts.
func (k keyFlag) keys() ([]string, error) {
	var out []string
	for _, given := range k.Key {
		if _, err := os.Stat(given); err != nil && strings.Count(given, "+") >= 2 {
			out = append(out, given)
			continue
		}
		text, err := os.ReadFile(given)
		if err != nil {
			return nil, fmt.Errorf("--key is neither a verifier key nor a file: %w", err)
		}
		out = append(out, strings.Fields(string(text))...)
	}
	return out, nil
}

type verifyExport struct {
	keyFlag
	Checkpoint string `required:"" type:"existingfile" help:"The signed checkpoint, fetched before the export."`
	Export     string `arg:"" help:"The NDJSON export, - for standard input."`
}

// Run checks the export.
func (c verifyExport) Run(out io.Writer) error {
	keys, err := c.keys()
	if err != nil {
		return err
	}
	checkpoint, err := os.ReadFile(c.Checkpoint)
	if err != nil {
		return err
	}
	export := os.Stdin
	if c.Export != "-" {
		if export, err = os.Open(c.Export); err != nil {
			return err
		}
		defer func() { _ = export.Close() }()
	}
	checked, err := proof.VerifyExport(export, string(checkpoint), keys)
	if err != nil {
		return fmt.Errorf("the export does NOT hold: %w", err)
	}
	fmt.Fprintf(out, "The export holds. All %d events of %s are complete, in order and unchanged since the checkpoint was signed.\n",
		checked.Sealed, checked.Checkpoint.Origin)
	if checked.Newer > 0 {
		fmt.Fprintf(out, "%d newer lines follow, which this checkpoint says nothing about.\n", checked.Newer)
	}
	return nil
}

type verifyProof struct {
	keyFlag
	Proof string `arg:"" type:"existingfile" help:"The proof document."`
}

// Run checks the proof.
func (c verifyProof) Run(out io.Writer) error {
	keys, err := c.keys()
	if err != nil {
		return err
	}
	var document proof.Inclusion
	if err := readDocument(c.Proof, &document); err != nil {
		return err
	}
	r, checkpoint, err := document.Verify(keys)
	if err != nil {
		return fmt.Errorf("the proof does NOT hold: %w", err)
	}
	fmt.Fprintf(out, "The proof holds. %s (%s) by %s on %s is at position %d of the %d events of %s.\n",
		r.ID, r.Type, r.Actor, r.At.UTC().Format("2006-01-02 15:04:05.000000 UTC"), r.Position, checkpoint.Size, checkpoint.Origin)
	return nil
}

type verifyConsistency struct {
	keyFlag
	Checkpoint string `required:"" type:"existingfile" help:"The older checkpoint that you kept."`
	Proof      string `arg:"" type:"existingfile" help:"The consistency proof."`
}

// Run checks the growth.
func (c verifyConsistency) Run(out io.Writer) error {
	keys, err := c.keys()
	if err != nil {
		return err
	}
	older, err := os.ReadFile(c.Checkpoint)
	if err != nil {
		return err
	}
	var document proof.Consistency
	if err := readDocument(c.Proof, &document); err != nil {
		return err
	}
	from, to, err := document.Verify(string(older), keys)
	if err != nil {
		return fmt.Errorf("the log has NOT only grown: %w", err)
	}
	fmt.Fprintf(out, "The log %s has only grown, from %d events to %d; the first %d are unchanged.\n",
		to.Origin, from.Size, to.Size, from.Size)
	return nil
}

// readDocument reads a file that holds exactly one JSON document.
func readDocument(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !json.Valid(text) {
		return errors.New(path + " is not one JSON document")
	}
	return json.Unmarshal(text, into)
}
