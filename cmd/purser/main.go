// Command purser is Purser's command line: it talks to a server over the API,
// and checks what the server says about its audit log without trusting it.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
)

// commands is the whole command line.
type commands struct {
	Audit auditCommands `cmd:"" help:"Check the audit log offline."`
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run executes one command line and answers its exit status: 0 when it holds,
// 1 when it does not, 2 when it could not be understood.
func run(args []string, out, problems io.Writer) int {
	status := -1
	var line commands
	parser, err := kong.New(&line, kong.Name("purser"), kong.UsageOnError(), kong.Writers(out, problems),
		kong.Description("Spend control for agents, from the command line."),
		kong.BindTo(out, (*io.Writer)(nil)), kong.Exit(func(code int) { status = code }))
	if err != nil {
		fmt.Fprintln(problems, "purser:", err)
		return 2
	}
	command, err := parser.Parse(args)
	if status >= 0 { // --help has been answered
		return status
	}
	if err != nil {
		var usage *kong.ParseError
		if errors.As(err, &usage) {
			_ = usage.Context.PrintUsage(true)
		}
		fmt.Fprintln(problems, "purser:", err)
		return 2
	}
	if err := command.Run(); err != nil {
		fmt.Fprintln(problems, "purser:", err)
		return 1
	}
	return 0
}
