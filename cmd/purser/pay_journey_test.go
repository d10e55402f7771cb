package main

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// second is the command line as a process of its own, which can be killed.
type second struct {
	t        *testing.T
	command  *exec.Cmd
	out, err bytes.Buffer
}

// begins starts a command in a second process.
func (d *desk) begins(args ...string) *second {
	d.t.Helper()
	p := &second{t: d.t, command: exec.Command(os.Args[0], append(append([]string{"as-purser"}, d.flags()...), args...)...)}
	p.command.Env = append(os.Environ(), "PURSER_CONFIG_DIR="+d.env["PURSER_CONFIG_DIR"])
	p.command.Stdout, p.command.Stderr = &p.out, &p.err
	if err := p.command.Start(); err != nil {
		d.t.Fatal(err)
	}
	return p
}

// ends waits for its exit status; a killed one has -1.
func (p *second) ends() int {
	_ = p.command.Wait() // its status says it
	return p.command.ProcessState.ExitCode()
}

func (p *second) kill() {
	_ = p.command.Process.Kill()
	p.ends()
}

// signatures is how often the wallet signed.
func signatures(counter string) int {
	text, _ := os.ReadFile(counter) // not there before the first
	return strings.Count(string(text), "\n")
}

// TestAPaymentThatIsKilled kills the command right after its payment was
// cashed, before it heard of it. The same command, run again in a second
// process, ends it: with one signature, one transfer and one authorization.
func TestAPaymentThatIsKilled(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	d, counter := buyer(t, owner(t, "killed@example.com"))
	here := make(chan struct{})
	s.takes(func(w http.ResponseWriter, r *http.Request) {
		nonce, _ := nonceOf(r.Header.Get("PAYMENT-SIGNATURE"))
		if s.settle(nonce) == 1 {
			close(here)
			<-r.Context().Done()
			return
		}
		s.deliver(w, nonce) // it knows the payment already
	})
	first := d.begins("pay", s.URL, walletThat("honest", counter))
	<-here
	d.must(exitConflict, "pay", s.URL, walletThat("honest", counter)) // while the first one pays
	first.kill()
	if a := d.last(); a["status"] != "pending" {
		t.Fatalf("after the kill: %v", a)
	}
	again := d.begins("pay", s.URL, walletThat("honest", counter))
	if status := again.ends(); status != exitDone || again.out.String() != theReport {
		t.Fatalf("it ended with %d: %s%s", status, again.out.String(), again.err.String())
	}
	if a := d.last(); a["status"] != "confirmed" || s.transfers() != 1 || signatures(counter) != 1 {
		t.Errorf("%v, %d transfers, %d signatures", a["status"], s.transfers(), signatures(counter))
	}
	if all := d.read(exitDone, "authorizations", "list")["data"].([]any); len(all) != 1 {
		t.Errorf("%d authorizations", len(all))
	}
}

// TestAPaymentThatNobodyKnowsOf is killed at the same place, and then the shop
// refuses the payment that it has: nothing is voided or confirmed blindly.
func TestAPaymentThatNobodyKnowsOf(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	d, counter := buyer(t, owner(t, "nobodyknows@example.com"))
	here := make(chan struct{})
	s.takes(func(w http.ResponseWriter, r *http.Request) {
		nonce, _ := nonceOf(r.Header.Get("PAYMENT-SIGNATURE"))
		if s.settle(nonce) == 1 {
			close(here)
			<-r.Context().Done()
			return
		}
		settled(w, map[string]any{"success": false, "errorReason": "nonce_already_used", "transaction": "", "network": testChain})
		w.WriteHeader(http.StatusPaymentRequired)
	})
	first := d.begins("pay", s.URL, walletThat("honest", counter))
	<-here
	first.kill()
	for range 2 {
		d.must(exitUnknown, "pay", s.URL, walletThat("honest", counter))
	}
	a := d.last()
	if a["status"] != "pending" || s.transfers() != 1 || signatures(counter) != 1 {
		t.Errorf("%v, %d transfers, %d signatures", a["status"], s.transfers(), signatures(counter))
	}
	info, err := filepath.Glob(filepath.Join(d.env["PURSER_CONFIG_DIR"], "payments", "*.json"))
	if err != nil || len(info) != 1 {
		t.Fatalf("%v, %v", info, err)
	}
	if mode, err := os.Stat(info[0]); err != nil || mode.Mode().Perm() != 0o600 {
		t.Errorf("the payment's file: %v, %v", mode.Mode(), err)
	}
	d.must(exitDone, "confirm", a["id"].(string), "--reference=0xabc") // a person looked
	d.must(exitConflict, "pay", s.URL, walletThat("honest", counter))
	if s.transfers() != 1 {
		t.Errorf("%d transfers", s.transfers())
	}
}

// TestTheServerRestartsInTheMiddle kills Purser's server between the payment
// and its confirm. After a restart the same command confirms, and pays nothing.
func TestTheServerRestartsInTheMiddle(t *testing.T) {
	t.Parallel()
	purser, err := newServer(t.TempDir())
	if err == nil {
		err = purser.start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { purser.end(syscall.SIGTERM) })
	s := newShop(t)
	d, counter := buyer(t, purser.desk(t).owner("restart@example.com"))
	s.takes(func(w http.ResponseWriter, r *http.Request) {
		nonce, _ := nonceOf(r.Header.Get("PAYMENT-SIGNATURE"))
		s.settle(nonce)
		purser.end(syscall.SIGKILL)
		s.deliver(w, nonce)
	})
	first := d.begins("pay", s.URL, walletThat("honest", counter))
	if status := first.ends(); status != exitAway || first.out.String() != theReport || !strings.Contains(first.err.String(), "could not be confirmed") {
		t.Fatalf("it ended with %d: %s%s", status, first.out.String(), first.err.String())
	}
	if err := purser.start(); err != nil {
		t.Fatal(err)
	}
	again := d.begins("pay", s.URL, walletThat("honest", counter))
	if status := again.ends(); status != exitDone || again.out.Len() != 0 || !strings.Contains(again.err.String(), "paid before") {
		t.Errorf("it ended with %d: %s%s", status, again.out.String(), again.err.String())
	}
	if a := d.last(); a["status"] != "confirmed" || s.transfers() != 1 || signatures(counter) != 1 {
		t.Errorf("%v, %d transfers, %d signatures", a["status"], s.transfers(), signatures(counter))
	}
}

// TestAHeldPaymentOutlivesItsProcess is approved while nobody waits, and paid
// by the same command afterwards; another one waits in a second process.
func TestAHeldPaymentOutlivesItsProcess(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.offer["amount"] = "150000000"
	d, counter := buyer(t, owner(t, "heldpay@example.com"))
	approver := d.colleague("heldpay-approver@example.com", "approver")
	waiting := d.begins("pay", s.URL, walletThat("honest", counter), "--wait")
	approval := d.heldOne()
	waiting.kill()
	approver.must(exitDone, "approvals", "approve", approval)
	waiting = d.begins("pay", s.URL, walletThat("honest", counter), "--wait")
	if status := waiting.ends(); status != exitDone || waiting.out.String() != theReport {
		t.Fatalf("it ended with %d: %s%s", status, waiting.out.String(), waiting.err.String())
	}
	waiting = d.begins("pay", s.URL, walletThat("honest", counter), "--wait")
	approver.must(exitDone, "approvals", "approve", d.heldOne(), "--amount=120") // less than it costs
	if status := waiting.ends(); status != exitDenied {
		t.Errorf("it ended with %d: %s%s", status, waiting.out.String(), waiting.err.String())
	}
	if a := d.last(); a["status"] != "voided" || s.transfers() != 1 || signatures(counter) != 1 {
		t.Errorf("%v, %d transfers, %d signatures", a["status"], s.transfers(), signatures(counter))
	}
}

// heldOne is the one approval that waits, as soon as there is one.
func (d *desk) heldOne() string {
	d.t.Helper()
	for range 300 {
		if all := d.read(exitDone, "approvals", "list")["data"].([]any); len(all) == 1 {
			return all[0].(map[string]any)["id"].(string)
		}
		time.Sleep(50 * time.Millisecond)
	}
	d.t.Fatal("nothing is held")
	return ""
}

// colleague is a desk of another member of the company.
func (d *desk) colleague(email, role string) *desk {
	d.t.Helper()
	d.must(exitDone, "members", "invite", email, role)
	c := &desk{t: d.t, env: map[string]string{"PURSER_CONFIG_DIR": d.t.TempDir(), "PURSER_SERVER": d.env["PURSER_SERVER"], "PURSER_MODE": "test"}}
	c.must(exitRefused, "auth", "login", email)
	c.must(exitDone, "auth", "verify", mailed(d.t, d.env["PURSER_SERVER"], email))
	return c
}
