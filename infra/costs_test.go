package infra_test

import (
	"fmt"
	"os"
	"strings"
)

// month is the length of a month in docs/costs.md, in seconds.
const month = 30 * 24 * 60 * 60

// checkCosts wants the example in docs/costs.md to be of the deployment's
// defaults: its memory, and what is always ready.
func checkCosts(t tree, m *mistakes) {
	memory, _ := t[mainFile].one("parameter", "instanceMemory").last().Literal.(float64)
	ready, _ := t[mainFile].one("parameter", "alwaysReady").last().Literal.(float64)
	gigabytes := memory / 1024
	for file, wants := range map[string][]string{
		"../docs/costs.md": {
			fmt.Sprintf("\n%v x %v x %s x P_ready + ", ready, gigabytes, thousands(month)),
			fmt.Sprintf(" x t x %v x P_gbs ", gigabytes),
			"instances x GB x " + thousands(month) + " s x `P_ready`",
			thousands(int(ready*gigabytes*month)) + " GB-s a month",
		},
		"../docs/deploy.md": {
			"memory in GB x " + thousands(month) + " s x",
			thousands(int(gigabytes*month)) + " GB-s a month",
		},
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			m.add(file, 1, "%v", err)
		}
		for _, want := range wants {
			if !strings.Contains(string(text), want) {
				m.add(file, 1, "the costs of main.bicep's defaults: want %q", want)
			}
		}
	}
}

// thousands writes n as the documents do.
func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
