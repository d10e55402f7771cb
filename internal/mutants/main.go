// Command mutants measures the tests of the money core: it puts one fault after
// the other into it, and runs the tests that must notice.
//
//	go run ./internal/postgres/pgtest/run -- go run ./internal/mutants [part of a name]
//
// No file is changed: the compiler is given another text for one of them.
// MUTANTS_SAMPLE=n takes n at random. The status is not zero when fewer than 90
// of a hundred are noticed, or when the list does not fit the source any more.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"
)

// enough is how many of a hundred must be noticed.
const enough = 90

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := measure(ctx, os.Stdout, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, out io.Writer, args []string) error {
	chosen, err := choose(All(), strings.Join(args, " "), os.Getenv("MUTANTS_SAMPLE"))
	if err != nil {
		return err
	}
	started, survived := time.Now(), 0
	var stale []error
	fmt.Fprintf(out, "%-9s %5s  %-58s %s\n", "", "s", "mutant", "noticed by")
	for _, m := range chosen {
		v, err := try(ctx, m)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			stale = append(stale, fmt.Errorf("%s: %w", m.Name, err))
			fmt.Fprintf(out, "STALE            %s\n", m.Name)
			continue
		}
		if v.by == "" {
			survived++
			fmt.Fprintf(out, "SURVIVED  %5.0f  %-58s %s\n", v.took.Seconds(), m.Name, m.Harm)
			continue
		}
		fmt.Fprintf(out, "caught    %5.0f  %-58s %s\n", v.took.Seconds(), m.Name, v.by)
	}
	caught := len(chosen) - survived - len(stale)
	share := 100 * float64(caught) / float64(len(chosen))
	fmt.Fprintf(out, "\n%d mutants, %d caught, %d survived, %d stale: %.1f %% caught in %s\n",
		len(chosen), caught, survived, len(stale), share, time.Since(started).Round(time.Second))
	if share < enough {
		stale = append(stale, fmt.Errorf("fewer than %d %% are caught", enough))
	}
	return errors.Join(stale...)
}

// choose takes the mutants whose name has the part, or some of them at random.
func choose(all []Mutant, part, sample string) ([]Mutant, error) {
	var chosen []Mutant
	for _, m := range all {
		if strings.Contains(m.Name, part) {
			chosen = append(chosen, m)
		}
	}
	if sample != "" {
		n, err := strconv.Atoi(sample)
		if err != nil || n < 1 {
			return nil, errors.New("MUTANTS_SAMPLE is a number from 1 on")
		}
		rand.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
		chosen = chosen[:min(n, len(chosen))]
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no mutant is called %q", part)
	}
	return chosen, nil
}
