package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// refuses lets root and its commands refuse what is no usage of them, in words
// that say what is wanted. Every command is there already.
func refuses(root *cobra.Command) {
	root.SetFlagErrorFunc(flagError)
	root.PersistentPreRunE = flagsTogether
	takes(root)
	root.InitDefaultHelpCmd()
	for _, command := range root.Commands() {
		if command.Name() == helpName {
			command.Args = topic
		}
	}
}

const helpName = "help"

// takes holds the commands below group to the arguments of their Use lines. A
// group of its own takes none but its commands.
func takes(group *cobra.Command) {
	for _, command := range group.Commands() {
		if !command.HasSubCommands() {
			command.Args = wanted
			continue
		}
		if !command.Runnable() { // cobra would take any argument for a wish for help
			command.Args, command.RunE = oneOf, func(command *cobra.Command, _ []string) error { return command.Help() }
		}
		takes(command)
	}
}

// wanted refuses other arguments than command's Use line names.
func wanted(command *cobra.Command, args []string) error {
	places := strings.Fields(command.Use)[1:]
	least := 0
	for _, place := range places {
		if !strings.HasPrefix(place, "[") {
			least++
		}
	}
	if least <= len(args) && len(args) <= len(places) {
		return nil
	}
	want, got := "no argument", "none"
	if len(places) > 0 {
		want = strings.Join(places, " ")
	}
	if len(args) > 0 {
		got = count(len(args), "argument")
	}
	line := strings.Join(append([]string{command.CommandPath()}, places...), " ")
	return fmt.Errorf("%s: want %s, got %s: %s", called(command), want, got, line)
}

// oneOf refuses what is no command of group.
func oneOf(group *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return noCommand(group, args[0])
}

// topic refuses what help has nothing about.
func topic(help *cobra.Command, args []string) error {
	found, rest, err := help.Root().Find(args)
	switch {
	case err != nil:
		return plainly(help.Root(), err)
	case len(rest) > 0:
		return noCommand(found, rest[0])
	}
	return nil
}

func noCommand(group *cobra.Command, name string) error {
	text := oneLine(name) + " is no command"
	if group.HasParent() {
		text += " of " + called(group)
	}
	group.SuggestionsMinimumDistance = 2
	if meant := group.SuggestionsFor(name); len(meant) > 0 {
		text += ": did you mean " + some(meant, "or") + "?"
	}
	return errors.New(text)
}

// plainly is err without cobra's own list of what may have been meant.
func plainly(command *cobra.Command, err error) error {
	quoted, ok := strings.CutPrefix(err.Error(), "unknown command ")
	if !ok {
		return err
	}
	name, _ := strconv.QuotedPrefix(quoted)
	if name, err := strconv.Unquote(name); err == nil {
		return noCommand(command, name)
	}
	return err
}

// kinds are what flags want, by the types of their values.
var kinds = map[string]string{"int": "a whole number", "bool": "true or false", "duration": "a time such as 90s, 30m or 48h"}

// flagError says what a flag wants instead of why its value can't be read.
func flagError(command *cobra.Command, err error) error {
	var invalid interface{ GetValue() string }
	if !errors.As(err, &invalid) {
		return err
	}
	_, rest, _ := strings.Cut(err.Error(), `" for "`)
	name, _, _ := strings.Cut(rest, `" flag: `)
	name = name[strings.LastIndex(name, "--")+len("--"):]
	if flag := command.Flags().Lookup(name); flag != nil && kinds[flag.Value.Type()] != "" {
		return fmt.Errorf("--%s %s: want %s", name, oneLine(invalid.GetValue()), kinds[flag.Value.Type()])
	}
	return err
}

// flagsTogether refuses flags that mean nothing as they were given.
func flagsTogether(command *cobra.Command, _ []string) error {
	set := command.Flags()
	if set.Changed("settings") && set.Changed("lab") {
		return errors.New("--settings and --lab name two places of the settings: say one of them")
	}
	if !set.Changed("timeout") {
		return nil
	}
	if timeout, err := set.GetDuration("timeout"); err != nil || timeout <= 0 {
		return fmt.Errorf("--timeout %s: want more than 0, such as 30m", timeout)
	}
	if set.Lookup("wait") == nil { // it waits in any case
		return nil
	}
	wait, _ := set.GetBool("wait")
	direct, _ := set.GetBool("direct") // false where there is no such flag
	// With --direct this process moves the job on; an approved one has a mover.
	if !wait && (!direct || command.Name() == "approve") {
		return errors.New("--timeout bounds a wait, and nothing is waited for: say --wait too, or leave --timeout out")
	}
	return nil
}

// called is a command's name without the program's.
func called(command *cobra.Command) string {
	return strings.TrimPrefix(command.CommandPath(), command.Root().Name()+" ")
}

// misused says what was wrong with the usage of command, and where its usage
// is told. It returns the exit code. A result that could not be written is not
// a wrong usage.
func (p *program) misused(command *cobra.Command, err error) int {
	if out, ok := p.stdout.(*result); ok && out.err != nil {
		return p.end(err)
	}
	say(p.stderr, plainly(command, err))
	about := ""
	if command.HasParent() && command.Name() != helpName {
		about = " " + called(command)
	}
	p.note("lifeboat: to do: lifeboat help%s\n", about)
	return usageCode(command)
}
