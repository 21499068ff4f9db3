package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"lifeboat/internal/config"
	"lifeboat/internal/plan"
)

func planCommand(p *program) *cobra.Command {
	command := &cobra.Command{
		Use:   "plan",
		Short: "Check a plan file, or print its JSON Schema",
	}
	validate := &cobra.Command{
		Use:   "validate [FILE]",
		Short: "Say every mistake in a plan, each with its line and column",
		Long: `Validate reads the plan in FILE, or the one that the settings name, and says every
mistake at once, in the form that editors can follow. It asks nobody and needs no Azure.

Exit status: 0 the plan can be used, 1 it has mistakes, 2 there is no such file.`,
		Run: func(_ *cobra.Command, args []string) {
			p.code = p.end(p.validate(args))
		},
	}
	schema := &cobra.Command{
		Use:   "schema",
		Short: "Print the plan's JSON Schema (2020-12), for editors",
		Long: `Schema prints a JSON Schema of lifeboat.yaml. Editors with YAML support complete and check
a plan whose first line names it:

  # yaml-language-server: $schema=lifeboat.schema.json`,
		Example: "  lifeboat plan schema > lifeboat.schema.json",
		Run: func(*cobra.Command, []string) {
			if _, err := p.stdout.Write(plan.Schema()); err != nil {
				p.code = p.end(err)
			}
		},
	}
	command.AddCommand(validate, schema)
	return command
}

// validation is what plan validate prints.
type validation struct {
	File     string        `json:"file"`
	Good     bool          `json:"good"`
	Services int           `json:"services"`
	Standbys int           `json:"standbys"`
	Mistakes []planMistake `json:"mistakes"`
}

type planMistake struct {
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Path    string `json:"path,omitempty"`
	Problem string `json:"problem"`
}

func (p *program) validate(args []string) error {
	file, err := p.planFile(args)
	if err != nil {
		return &exit{exitUsage, err}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return wrongUsage("read the plan: %w: name a file", err)
	}
	read, err := plan.Parse(file, data)
	v := validation{File: file, Good: err == nil, Mistakes: mistakes(err)}
	if read != nil {
		v.Services = len(read.Services)
		for _, s := range read.Services {
			v.Standbys += len(s.Standbys)
		}
	}
	switch {
	case p.flags.json:
		if printed := printJSON(p.stdout, v); printed != nil {
			return printed
		}
	case v.Good:
		p.print("%s: good: %s, %s\n", file, count(v.Services, "service"), standbys(v.Standbys))
	default:
		p.print("%v\n", err)
	}
	if !v.Good {
		return &exit{code: exitError}
	}
	return nil
}

func standbys(n int) string {
	if n == 1 {
		return "1 standby"
	}
	return fmt.Sprintf("%d standbys", n)
}

// planFile is the plan that is meant. Settings that are wrong otherwise do not
// matter.
func (p *program) planFile(args []string) (string, error) {
	f := p.flags
	if len(args) == 1 || f.planFile != "" {
		return cmp.Or(append(args, f.planFile)...), nil
	}
	getenv, file := p.getenv, f.settings
	if f.lab {
		file = labSettings
	}
	if file != "" {
		var err error
		if getenv, err = config.File(file); err != nil {
			return "", err
		}
	}
	return cmp.Or(getenv(config.PlanFile), "lifeboat.yaml"), nil
}

// mistakes takes the plan's error apart.
func mistakes(err error) []planMistake {
	all := []planMistake{}
	if err == nil {
		return all
	}
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return append(all, planMistake{Problem: err.Error()})
	}
	for _, one := range joined.Unwrap() {
		var m *plan.Mistake
		if errors.As(one, &m) {
			all = append(all, planMistake{m.Line, m.Column, m.Path, m.Problem})
		} else {
			all = append(all, planMistake{Problem: one.Error()})
		}
	}
	return all
}
