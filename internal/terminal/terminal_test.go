package terminal_test

import (
	"os"
	"strings"
	"testing"

	"lifeboat/internal/terminal"
)

func TestColourIsForPeopleOnly(t *testing.T) {
	unset := func(string) string { return "" }
	nothing, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer nothing.Close()
	if terminal.PaletteFor(new(strings.Builder), unset).On {
		t.Error("a buffer gets colour")
	}
	if terminal.PaletteFor(nothing, unset).On {
		t.Error("the null device gets colour")
	}
}

func TestPaint(t *testing.T) {
	on := terminal.Palette{On: true}
	for got, want := range map[string]string{
		on.Paint(terminal.Red, "Failed"):                 "\x1b[31mFailed\x1b[0m",
		on.Paint(terminal.Plain, "Failed"):               "Failed",
		terminal.Palette{}.Paint(terminal.Red, "Failed"): "Failed",
	} {
		if got != want {
			t.Errorf("painted %q, want %q", got, want)
		}
	}
}
