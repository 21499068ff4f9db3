package terminal_test

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"lifeboat/internal/terminal"
)

func TestATerminalHasColumns(t *testing.T) {
	pseudo, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("SKIPPED: no pseudo-terminal: ", err)
	}
	defer pseudo.Close()
	if !terminal.Is(pseudo) {
		t.Error("a pseudo-terminal is none")
	}
	if err := unix.IoctlSetWinsize(int(pseudo.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 61}); err != nil {
		t.Fatal(err)
	}
	if got := terminal.Columns(pseudo); got != 61 {
		t.Errorf("%d columns, want 61", got)
	}
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if terminal.Is(file) || terminal.Columns(file) != 0 {
		t.Error("a file is a terminal")
	}
}
