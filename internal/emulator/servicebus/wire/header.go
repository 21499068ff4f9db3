package wire

// Header is the header section of a message, as brokers write it: with every
// number spelled out. The client's encoder leaves out a delivery count of zero,
// which Microsoft's JavaScript client then takes for undefined.
type Header struct {
	Durable       bool
	Priority      uint8
	TTL           uint32 // milliseconds, zero is none
	DeliveryCount uint32
}

const codeHeader = 0x70

// AppendHeader encodes the section.
func AppendHeader(b []byte, h Header) []byte {
	return appendComposite(b, func(l *list) byte {
		l.bool(h.Durable)
		l.uint8(h.Priority)
		if h.TTL == 0 {
			l.null()
		} else {
			l.uint32(h.TTL)
		}
		l.bool(false) // first acquirer
		l.uint32(h.DeliveryCount)
		return codeHeader
	})
}
