package main

import (
	_ "embed"
	"errors"
	"flag"
	"io"
	"log/slog"
	"time"
)

//go:embed help.txt
var help string

var errHelp = flag.ErrHelp

// options are the command line.
type options struct {
	routes   [][2]address // where to listen, where to connect
	max      int
	idle     time.Duration
	timeout  time.Duration
	grace    time.Duration
	format   string
	level    slog.Level
	stats    string
	progress bool
}

func parseOptions(args []string) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("relay", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.IntVar(&o.max, "max", 0, "")
	flags.DurationVar(&o.idle, "idle", 0, "")
	flags.DurationVar(&o.timeout, "timeout", 10*time.Second, "")
	flags.DurationVar(&o.grace, "grace", 30*time.Second, "")
	flags.StringVar(&o.format, "log", "text", "")
	flags.TextVar(&o.level, "level", slog.LevelInfo, "")
	flags.StringVar(&o.stats, "stats", "", "")
	flags.BoolVar(&o.progress, "progress", true, "")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil, errHelp
	} else if err != nil {
		return nil, badInput("%w (relay -help lists the flags)", err)
	}
	switch {
	case o.max < 0:
		return nil, badInput("-max %d is less than 0", o.max)
	case o.idle < 0 || o.grace < 0:
		return nil, badInput("-idle and -grace are not less than 0")
	case o.timeout <= 0:
		return nil, badInput("-timeout %v is not more than 0", o.timeout)
	case o.format != "text" && o.format != "json":
		return nil, badInput("-log %q is neither text nor json", o.format)
	}
	return o, o.parseRoutes(flags.Args())
}

func (o *options) parseRoutes(args []string) error {
	if len(args) == 0 || len(args)%2 != 0 {
		return badInput("%d addresses, where two each belong together: LISTEN CONNECT (relay -help has examples)", len(args))
	}
	stdio := 0
	for i, arg := range args {
		a, err := parseAddress(arg)
		if err != nil {
			return err
		}
		if a.scheme == "-" {
			stdio++
		}
		if i%2 == 0 {
			o.routes = append(o.routes, [2]address{a})
		} else {
			o.routes[i/2][1] = a
		}
	}
	if stdio > 1 {
		return badInput("- is given %d times, and there is one standard input", stdio)
	}
	return nil
}
