// Package terminal says whether a person is looking, and colours words for
// them. A colour is never the only signal.
package terminal

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Palette colours words on a terminal; the zero Palette leaves them alone.
type Palette struct{ On bool }

// PaletteFor is for w: colour only where a terminal shows it and nobody has
// asked for none (NO_COLOR, TERM=dumb).
func PaletteFor(w io.Writer, getenv func(string) string) Palette {
	return Palette{On: Is(w) && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"}
}

// Is reports whether f, a reader or a writer, is a person's.
func Is(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// Columns is how many characters a line on f has room for; 0 if that is not
// known, as where f is no terminal.
func Columns(f any) int {
	file, ok := f.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// Shade is a colour, as the number of ANSI's escape sequence.
type Shade string

// The shades.
const (
	Plain  Shade = ""
	Faint  Shade = "2"
	Red    Shade = "31"
	Green  Shade = "32"
	Yellow Shade = "33"
)

// Paint is text in a shade.
func (p Palette) Paint(s Shade, text string) string {
	if !p.On || s == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}
