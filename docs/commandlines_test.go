package docs_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	fenced  = regexp.MustCompile("(?ms)^ *```[a-z]*\n(.*?)^ *```")
	inlined = regexp.MustCompile("`([^`\n]+)`")
	// begins is how a command line of ours starts.
	begins = regexp.MustCompile(`^\s*(?:\$ )?((?:bin/)?lifeboat|bin/lab|make) +(.*)`)
	// inner is a command line within another.
	inner = regexp.MustCompile(`\$\(([^)]*)\)`)
)

// commandLine is one that a page shows: the program, and what follows it.
type commandLine struct{ program, rest string }

// commandLines are those in a page's blocks and in its sentences.
func commandLines(text string) []commandLine {
	var candidates []string
	for _, m := range fenced.FindAllStringSubmatch(text, -1) {
		candidates = append(candidates, strings.Split(m[1], "\n")...)
	}
	for _, m := range inlined.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		candidates = append(candidates, m[1])
	}
	var all []commandLine
	for i := 0; i < len(candidates); i++ {
		line := candidates[i]
		for _, m := range inner.FindAllStringSubmatch(line, -1) {
			candidates = append(candidates, m[1])
		}
		if m := begins.FindStringSubmatch(inner.ReplaceAllString(line, "VALUE")); m != nil {
			all = append(all, commandLine{m[1], m[2]})
		}
	}
	return all
}

// words splits a command line as a shell does, as far as our pages need it: up
// to a comment, a pipe or a second command.
func words(line string) (all []string) {
	word, quote, open := "", rune(0), false
	end := func() {
		if open {
			all = append(all, word)
		}
		word, open = "", false
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word += string(r)
		case r == '"' || r == '\'':
			quote, open = r, true
		case r == ' ':
			end()
		case !open && strings.ContainsRune("#|;&>", r):
			return all
		default:
			word, open = word+string(r), true
		}
	}
	end()
	return all
}

// Each command line names a command and flags that are there: the program
// itself is asked, with --help behind the line.
func TestCommandLinesWouldWork(t *testing.T) {
	targets, scenarios := makeTargets(t), playable(t)
	seen := map[string]bool{}
	for file, text := range pages(t) {
		for _, c := range commandLines(text) {
			args := words(c.rest)
			key := c.program + " " + strings.Join(args, " ")
			if seen[key] {
				continue
			}
			seen[key] = true
			if c.program == "make" {
				for _, target := range args {
					if !strings.Contains(target, "=") && !slices.Contains(targets, target) {
						t.Errorf("%s: %s: the Makefile has no %s", file, key, target)
					}
				}
				continue
			}
			if len(args) > 1 && args[0] == "help" {
				args = args[1:]
			}
			out, err := exec.Command(filepath.Join(bin, filepath.Base(c.program)), append(args, "--help")...).CombinedOutput()
			if err != nil {
				t.Errorf("%s: %s: %s", file, key, out)
			} else if group.Match(out) && len(args) > 0 && !strings.HasPrefix(args[len(args)-1], "-") && !strings.Contains(string(out), " "+args[len(args)-1]+" [command]") {
				t.Errorf("%s: %s: there is no such command", file, key)
			}
			if c.program == "bin/lab" && len(args) > 1 && args[0] == "play" && !slices.Contains(scenarios, args[1]) {
				t.Errorf("%s: %s: there is no such scenario", file, key)
			}
		}
	}
	t.Logf("%d command lines", len(seen))
	if len(seen) < 40 {
		t.Errorf("only %d command lines were found", len(seen))
	}
}

// group is how the help of a command begins that has only others in it.
var group = regexp.MustCompile(`(?m)^Usage:\n  \S+( \S+)* \[command\]`)

func makeTargets(t *testing.T) (names []string) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(read(t, filepath.Join(root, "Makefile")), -1) {
		names = append(names, m[1])
	}
	return names
}

// playable are the scenarios that the lab lists.
func playable(t *testing.T) (names []string) {
	t.Helper()
	out, err := exec.Command(filepath.Join(bin, "lab"), "play").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		names = append(names, strings.Fields(line)[0])
	}
	return names[1:]
}
