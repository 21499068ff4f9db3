package wire

import "math"

// parse decodes the performative at the start of body. For a transfer, what
// follows is its payload.
func parse(body []byte) (Performative, error) {
	d := &decoder{rest: body}
	code, f, err := d.composite(0)
	if err != nil {
		return nil, err
	}
	var p Performative
	switch code {
	case codeOpen:
		p = readOpen(f)
	case codeBegin:
		p = readBegin(f)
	case codeAttach:
		p = readAttach(f)
	case codeFlow:
		p = readFlow(f)
	case codeTransfer:
		t := readTransfer(f)
		t.Payload = d.rest
		p = t
	case codeDisposition:
		p = readDisposition(f)
	case codeDetach:
		p = &Detach{Handle: f.uint32(), Closed: f.bool(), Error: readError(f)}
	case codeEnd:
		p = &End{Error: readError(f)}
	case codeClose:
		p = &Close{Error: readError(f)}
	case codeSASLInit:
		p = &SASLInit{Mechanism: f.text()}
	default:
		return nil, malformed("performative %#02x", code)
	}
	if f.err != nil {
		return nil, f.err
	}
	return p, nil
}

func readOpen(f *fields) *Open {
	o := &Open{ContainerID: f.text(), Hostname: f.text(), MaxFrameSize: math.MaxUint32, ChannelMax: math.MaxUint16}
	if n, ok := f.unsigned(math.MaxUint32); ok {
		o.MaxFrameSize = uint32(n)
	}
	if n, ok := f.unsigned(math.MaxUint16); ok {
		o.ChannelMax = uint16(n)
	}
	o.IdleTimeout = f.milliseconds()
	return o
}

func readBegin(f *fields) *Begin {
	b := &Begin{
		RemoteChannel:  f.optionalUint32(),
		NextOutgoingID: f.uint32(),
		IncomingWindow: f.uint32(),
		OutgoingWindow: f.uint32(),
		HandleMax:      math.MaxUint32,
	}
	if n, ok := f.unsigned(math.MaxUint32); ok {
		b.HandleMax = uint32(n)
	}
	return b
}

func readAttach(f *fields) *Attach {
	a := &Attach{
		Name:               f.text(),
		Handle:             f.uint32(),
		Receiver:           f.bool(),
		SenderSettleMode:   f.optionalUint8(),
		ReceiverSettleMode: f.optionalUint8(),
		Source:             readTerminus(f),
		Target:             readTerminus(f),
	}
	f.any() // unsettled: links are never resumed
	f.bool()
	a.InitialDeliveryCount = f.optionalUint32()
	a.MaxMessageSize, _ = f.unsigned(math.MaxUint64)
	f.any() // offered capabilities
	f.any() // desired capabilities
	a.Properties = f.stringMap()
	return a
}

func readTerminus(f *fields) *Terminus {
	code, t := f.nested()
	if t == nil {
		return nil
	}
	if code == codeCoordinator {
		return &Terminus{Coordinator: true}
	}
	terminus := &Terminus{Address: t.text()}
	if code == codeSource {
		for range 6 { // durable, expiry policy, timeout, dynamic, its properties, distribution mode
			t.any()
		}
		terminus.Filter = t.stringMap()
	}
	f.fail(t.err)
	return terminus
}

func readFlow(f *fields) *Flow {
	flow := &Flow{
		NextIncomingID: f.optionalUint32(),
		IncomingWindow: f.uint32(),
		NextOutgoingID: f.uint32(),
		OutgoingWindow: f.uint32(),
		Handle:         f.optionalUint32(),
		DeliveryCount:  f.optionalUint32(),
		LinkCredit:     f.optionalUint32(),
	}
	f.any() // available
	flow.Drain, flow.Echo = f.bool(), f.bool()
	return flow
}

func readTransfer(f *fields) *Transfer {
	t := &Transfer{
		Handle:        f.uint32(),
		DeliveryID:    f.optionalUint32(),
		DeliveryTag:   f.binary(),
		MessageFormat: f.optionalUint32(),
		Settled:       f.bool(),
		More:          f.bool(),
	}
	f.any() // receiver settle mode
	f.any() // state
	f.any() // resume
	t.Aborted = f.bool()
	return t
}

func readDisposition(f *fields) *Disposition {
	d := &Disposition{Receiver: f.bool(), First: f.uint32()}
	d.Last = d.First
	if last := f.optionalUint32(); last != nil {
		d.Last = *last
	}
	d.Settled = f.bool()
	d.State = readState(f)
	return d
}

// readState returns nil for the non-terminal state "received".
func readState(f *fields) *State {
	code, s := f.nested()
	if s == nil || code == codeReceived {
		return nil
	}
	state := &State{Outcome: Outcome(code)}
	switch Outcome(code) {
	case Accepted, Released:
	case Rejected:
		state.Error = readError(s)
	case Modified:
		state.DeliveryFailed, state.UndeliverableHere = s.bool(), s.bool()
		state.Annotations = s.stringMap()
	default:
		f.fail(malformed("delivery state %#02x", code))
	}
	f.fail(s.err)
	return state
}

func readError(f *fields) *Error {
	code, e := f.nested()
	if e == nil {
		return nil
	}
	if code != codeError {
		f.fail(malformed("error of type %#02x", code))
	}
	err := &Error{Condition: e.text(), Description: e.text(), Info: e.stringMap()}
	f.fail(e.err)
	return err
}
