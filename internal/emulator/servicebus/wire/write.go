package wire

func (o *Open) encode(l *list) byte {
	l.field()
	l.b = appendVariable(l.b, 0xa1, o.ContainerID)
	l.text(o.Hostname)
	l.uint32(o.MaxFrameSize)
	l.uint16(o.ChannelMax)
	if o.IdleTimeout > 0 {
		l.uint32(uint32(o.IdleTimeout.Milliseconds()))
	}
	return codeOpen
}

func (b *Begin) encode(l *list) byte {
	if b.RemoteChannel == nil {
		l.null()
	} else {
		l.uint16(uint16(*b.RemoteChannel))
	}
	l.uint32(b.NextOutgoingID)
	l.uint32(b.IncomingWindow)
	l.uint32(b.OutgoingWindow)
	l.uint32(b.HandleMax)
	return codeBegin
}

func (a *Attach) encode(l *list) byte {
	l.field()
	l.b = appendVariable(l.b, 0xa1, a.Name)
	l.uint32(a.Handle)
	l.bool(a.Receiver)
	l.optionalUint8(a.SenderSettleMode)
	l.optionalUint8(a.ReceiverSettleMode)
	a.Source.encode(l, codeSource)
	a.Target.encode(l, codeTarget)
	l.null()
	l.null()
	l.optionalUint32(a.InitialDeliveryCount)
	if a.MaxMessageSize == 0 {
		l.null()
	} else {
		l.uint64(a.MaxMessageSize)
	}
	l.null()
	l.null()
	l.symbolMap(a.Properties)
	return codeAttach
}

func (t *Terminus) encode(l *list, code byte) {
	if t == nil {
		l.null()
		return
	}
	l.composite(func(l *list) byte {
		l.text(t.Address)
		return code
	})
}

func (f *Flow) encode(l *list) byte {
	l.optionalUint32(f.NextIncomingID)
	l.uint32(f.IncomingWindow)
	l.uint32(f.NextOutgoingID)
	l.uint32(f.OutgoingWindow)
	l.optionalUint32(f.Handle)
	l.optionalUint32(f.DeliveryCount)
	l.optionalUint32(f.LinkCredit)
	l.null()
	l.flag(f.Drain)
	l.flag(f.Echo)
	return codeFlow
}

func (t *Transfer) encode(l *list) byte {
	l.uint32(t.Handle)
	l.optionalUint32(t.DeliveryID)
	l.binary(t.DeliveryTag)
	l.optionalUint32(t.MessageFormat)
	l.flag(t.Settled)
	l.flag(t.More)
	l.null()
	l.null()
	l.null()
	l.flag(t.Aborted)
	return codeTransfer
}

func (d *Disposition) encode(l *list) byte {
	l.bool(d.Receiver)
	l.uint32(d.First)
	if d.Last == d.First {
		l.null()
	} else {
		l.uint32(d.Last)
	}
	l.flag(d.Settled)
	if d.State == nil {
		l.null()
	} else {
		l.composite(d.State.encode)
	}
	return codeDisposition
}

func (s *State) encode(l *list) byte {
	switch s.Outcome {
	case Rejected:
		s.Error.encode(l)
	case Modified:
		l.flag(s.DeliveryFailed)
		l.flag(s.UndeliverableHere)
		l.symbolMap(s.Annotations)
	}
	return byte(s.Outcome)
}

func (d *Detach) encode(l *list) byte {
	l.uint32(d.Handle)
	l.flag(d.Closed)
	d.Error.encode(l)
	return codeDetach
}

func (e *End) encode(l *list) byte {
	e.Error.encode(l)
	return codeEnd
}

func (c *Close) encode(l *list) byte {
	c.Error.encode(l)
	return codeClose
}

func (e *Error) encode(l *list) {
	if e == nil {
		l.null()
		return
	}
	l.composite(func(l *list) byte {
		l.symbol(e.Condition)
		l.text(e.Description)
		l.symbolMap(e.Info)
		return codeError
	})
}

func (m *SASLMechanisms) encode(l *list) byte {
	l.symbols(m.Mechanisms)
	return codeSASLMechanisms
}

func (i *SASLInit) encode(l *list) byte {
	l.symbol(i.Mechanism)
	return codeSASLInit
}

func (o *SASLOutcome) encode(l *list) byte {
	l.uint8(o.Code)
	return codeSASLOutcome
}
