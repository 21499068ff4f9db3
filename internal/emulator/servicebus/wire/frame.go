package wire

import (
	"bufio"
	"encoding/binary"
	"io"
)

const (
	frameHeader = 8
	typeAMQP    = 0
	typeSASL    = 1
)

// Frame is what ReadFrame returns. A frame without a body only says that the
// peer is alive: Body is nil.
type Frame struct {
	Channel uint16
	Body    Performative
}

// NewReader returns a reader that ReadFrame can read from.
func NewReader(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, MaxFrame) }

// ReadFrame reads and decodes the next frame from a reader made by NewReader.
// A transfer's payload is valid until the next read.
func ReadFrame(r *bufio.Reader) (Frame, error) {
	header, err := r.Peek(frameHeader)
	if err != nil {
		return Frame{}, err
	}
	size := binary.BigEndian.Uint32(header)
	offset := uint32(header[4]) * 4
	if size < frameHeader || size > MaxFrame || offset < frameHeader || offset > size || header[5] > typeSASL {
		return Frame{}, malformed("frame of size %d, data offset %d, type %d", size, offset, header[5])
	}
	f := Frame{Channel: binary.BigEndian.Uint16(header[6:])}
	frame, err := r.Peek(int(size))
	if err != nil {
		return Frame{}, err
	}
	if offset < size {
		f.Body, err = parse(frame[offset:])
	}
	if err != nil {
		return Frame{}, err
	}
	_, err = r.Discard(int(size))
	return f, err
}

// AppendFrame encodes p, followed by payload, as one frame.
func AppendFrame(b []byte, channel uint16, p Performative, payload []byte) []byte {
	kind := byte(typeAMQP)
	switch p.(type) {
	case *SASLMechanisms, *SASLInit, *SASLOutcome:
		kind = typeSASL
	}
	start := len(b)
	b = append(b, 0, 0, 0, 0, 2, kind, byte(channel>>8), byte(channel))
	b = appendComposite(b, p.encode)
	b = append(b, payload...)
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start))
	return b
}

// AppendKeepAlive encodes a frame without a body.
func AppendKeepAlive(b []byte) []byte {
	return append(b, 0, 0, 0, frameHeader, 2, typeAMQP, 0, 0)
}
